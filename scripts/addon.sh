#!/bin/sh
# The add-on with its sources, to be copied to /addons of a Home Assistant: ./dist/addon/earshot. The store needs none of this.
set -eu
cd "$(dirname "$0")/.."
mkdir -p dist/addon
rm -rf dist/addon/earshot
cp -r addon dist/addon/earshot
git archive --format=tar.gz -o dist/addon/earshot/source.tar.gz HEAD -- . ':!addon' ':!tests' ':!e2e' ':!testdata'
echo "addon: dist/addon/earshot"
