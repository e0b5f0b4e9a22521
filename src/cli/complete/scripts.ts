/** Completion for shells. Each asks `headgate __complete`, so that what it proposes is what the program takes. */

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

const bash = `# headgate completion for bash; put it there with:  source <(headgate completion bash)
_headgate() {
    local out line word about directive cur=\${COMP_WORDS[COMP_CWORD]}
    out=$(headgate __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
    [[ $cur == "=" ]] && cur=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :* ]]; then directive=\${line#:}; continue; fi
        word=\${line%%$'\\t'*}
        [[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("$word")
    done <<<"$out"
    if (( ! (\${directive:-0} & 4) )) && (( \${#COMPREPLY[@]} == 0 )); then
        compopt -o default 2>/dev/null
    fi
    return 0
}
complete -F _headgate headgate
`

const zsh = `#compdef headgate
# headgate completion for zsh; put it there with:  source <(headgate completion zsh)
_headgate() {
    local line word about directive=0
    local -a lines candidates
    lines=("\${(@f)$(headgate __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in "\${lines[@]}"; do
        if [[ $line == :* ]]; then directive=\${line#:}; continue; fi
        [[ -n $line ]] || continue
        word=\${line%%$'\\t'*}
        about=
        [[ $line == *$'\\t'* ]] && about=\${line#*$'\\t'}
        candidates+=("\${word//:/\\\\:}:$about")
    done
    if (( \${#candidates} )); then
        _describe -t headgate headgate candidates
    elif (( ! (directive & 4) )); then
        _files
    fi
}
compdef _headgate headgate
`

const fish = `# headgate completion for fish; put it there with:  headgate completion fish | source
function __headgate_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    for line in (headgate __complete $words[2..-1] "$last" 2>/dev/null)
        string match -q -- ':*' $line; or echo $line
    end
end
complete -c headgate -f -a '(__headgate_complete)'
complete -c headgate -n '__fish_seen_subcommand_from plan lint simulate' -F
`

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish }
