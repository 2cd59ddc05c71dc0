
# `cargo fence …` is completed as `cargo-fence …`, the rest of `cargo …` as it was before. Completions that are loaded
# when first needed would find the place taken, so cargo's are loaded now.
complete -p cargo >/dev/null 2>&1 || _comp_load cargo 2>/dev/null || _completion_loader cargo 2>/dev/null
_cargo_found=$(complete -p cargo 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
# A script that is read twice is not its own predecessor.
[[ $_cargo_found == _cargo_with_fence ]] || _cargo_before_fence=$_cargo_found
unset _cargo_found
_cargo_with_fence() {
    if [[ $COMP_CWORD -ge 2 && ${COMP_WORDS[1]} == fence ]]; then
        COMP_WORDS=(cargo-fence "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _cargo__fence cargo-fence "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    elif [[ -n $_cargo_before_fence ]]; then
        "$_cargo_before_fence" "$@"
    fi
}
complete -F _cargo_with_fence -o bashdefault -o default cargo
