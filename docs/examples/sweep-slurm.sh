#!/usr/bin/env bash
# Runs a sweep as a Slurm job array of SHARDS tasks, and a job that merges them when all are done:
#
#   sweep-slurm.sh FILE OUT SHARDS [further options of crest-sim sweep]
#
# Waits for the end; exits as crest-sim merge does. A cancelled one goes on with the same command. FILE, OUT and
# crest-sim must be at the same place on all nodes. CREST_SIM is the program (default: crest-sim in PATH); partition,
# time limit and so on come from Slurm's own variables, such as SBATCH_PARTITION and SBATCH_TIMELIMIT.
set -euo pipefail

case "${1:-}" in
  --shard) # a task of the array
    file=$2 out=$3 shards=$4
    shift 4
    # exec: Slurm's SIGTERM ends the sweep after the points that run.
    exec "${CREST_SIM:-crest-sim}" sweep "$file" "$@" --jobs "${SLURM_CPUS_PER_TASK:-1}" --quiet \
      --shard "$SLURM_ARRAY_TASK_ID/$shards" --out "$out/shard-$SLURM_ARRAY_TASK_ID"
    ;;
  --merge)
    out=$2
    mapfile -t numbers < <(seq "$3")
    exec "${CREST_SIM:-crest-sim}" merge "${numbers[@]/#/$out/shard-}" --out "$out"
    ;;
esac

if [ $# -lt 3 ]; then
  echo "usage: ${0##*/} FILE OUT SHARDS [OPTION...]" >&2
  exit 2
fi
mkdir -p "$2"
rm -f "$2/merge.log"
file=$(realpath "$1") out=$(realpath "$2") shards=$3
shift 3

array=$(sbatch --parsable --job-name=crest-sweep --array="1-$shards" --requeue --signal=B:TERM@60 \
  --output="$out/shard-%a.log" "$0" --shard "$file" "$out" "$shards" "$@")
array=${array%%;*} # without the cluster's name
echo "crest-sweep: array job $array of $shards tasks; logs are in $out"
trap 'scancel "$array" 2>/dev/null || true' INT TERM
status=0
sbatch --wait --job-name=crest-merge --dependency="afterok:$array" --kill-on-invalid-dep=yes \
  --output="$out/merge.log" "$0" --merge "$out" "$shards" || status=$?
if [ ! -e "$out/merge.log" ]; then # sbatch --wait says 0 of a job that was cancelled
  echo "crest-sweep: not merged: a task failed; see $out/shard-*.log" >&2
  exit 1
fi
cat "$out/merge.log"
exit "$status"
