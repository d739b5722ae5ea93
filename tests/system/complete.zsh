# complete.zsh - what zsh offers behind a command line.
#
#   zsh -f complete.zsh FOLDER LINE FILE
#
# FOLDER has the completion functions, FILE is to work with. A zsh at a pseudo-terminal of its own is
# given the line and asked to list what fits; a word a line goes to standard
# output.
zmodload zsh/zpty
folder=$1 line=$2 offered=$3
zpty shell "HOME=$HOME TERM=dumb OFFERED=$offered zsh -f -i"
# What is typed is not to come back in the middle of it all.
zpty -w shell 'stty -echo; PS1=; unsetopt zle_bracketed_paste 2>/dev/null'
zpty -w shell "fpath=(${(q)folder} \$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w shell 'compadd() {
    local -a fitting
    builtin compadd -O fitting "$@"
    print -rl -- "${fitting[@]}" >>$OFFERED
    builtin compadd "$@"
}
ask() { zle list-choices; print -r -- "that is all" >>$OFFERED; }
zle -N ask
bindkey "^X" ask
print ready for it'
# zsh shows what it prints; wait for it, so that the keys are bound.
zpty -r -m shell seen '*ready for it*'
zpty -w -n shell "$line"$'\x18'
end=$((SECONDS + 20))
until grep -qsx 'that is all' $offered || ((SECONDS > end)); do
    # What it draws has to be read, or it would wait for that.
    zpty -r -t shell seen || sleep 0.02
done
zpty -d shell
grep -vxE 'that is all|' $offered | sort -u
