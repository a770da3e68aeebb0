// Package openwakeword runs openWakeWord models: a mel spectrogram, the speech embedding network and the heads on top of it.
package openwakeword
