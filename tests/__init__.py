"""Tests of the Home Assistant integration, in the real Home Assistant, with a bridge that speaks the real protocol."""
