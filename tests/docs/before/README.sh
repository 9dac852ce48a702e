# Where the programs are in a source tree.
mkdir build
ln -s "$BIN" build/bin
