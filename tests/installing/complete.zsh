# complete.zsh FOLDER WORD...: what zsh offers for the last word, with FOLDER's completions; one a line.
zmodload zsh/zpty
folder=$1
shift
offered=$(mktemp)
setup=$(mktemp)
cat >$setup <<END
fpath=($folder \$fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
  if [[ " \$* " == *" -"[ODA]" "* ]]; then builtin compadd "\$@"; return; fi
  local -a offered
  builtin compadd -O offered "\$@"
  print -rl -- \$offered >>$offered
  builtin compadd "\$@"
}
zle-line-init() { print reads-keys >/dev/tty; } # before, the terminal would take ^U for itself
zle -N zle-line-init
END
zpty shell env TERM=dumb zsh -f -i
zpty -w shell "source $setup"
zpty -r shell output '*reads-keys*'
zpty -n -w shell "$*"$'\t\C-uexit\n'
while zpty -r shell output 2>/dev/null; do :; done
sort -u $offered
rm -f $offered $setup
