#!/usr/bin/env bash
# Runs a sweep as SHARDS processes with GNU parallel, and merges them:
#
#   sweep-parallel.sh FILE OUT SHARDS [further options of crest-sim sweep]
#
# A killed one goes on with the same command. Further options of GNU parallel come from PARALLEL, as it reads them itself:
#   PARALLEL='--jobs 8'                  so many at a time (default: one a processor)
#   PARALLEL='--sshlogin a,b --workdir .' on other machines, with OUT and crest-sim at the same place on all of them
# CREST_SIM is the program (default: crest-sim in PATH). Exits as crest-sim merge does, or with the number of shards
# that failed.
set -euo pipefail
if [ $# -lt 3 ]; then
  echo "usage: ${0##*/} FILE OUT SHARDS [OPTION...]" >&2
  exit 2
fi
file=$1 out=$2 shards=$3
shift 3
crest_sim=${CREST_SIM:-crest-sim}

mapfile -t numbers < <(seq "$shards")
mkdir -p "$out"
parallel --will-cite --quote -I @SHARD@ --joblog "$out/shards.log" \
  "$crest_sim" sweep "$file" "$@" --jobs 1 --quiet --shard "@SHARD@/$shards" --out "$out/shard-@SHARD@" \
  ::: "${numbers[@]}"
exec "$crest_sim" merge "${numbers[@]/#/$out/shard-}" --out "$out"
