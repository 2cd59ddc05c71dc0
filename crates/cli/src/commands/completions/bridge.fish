
# `cargo fence …` is completed as `cargo-fence …`.
function __fish_cargo_fence_is_asked
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = fence
end
function __fish_cargo_fence_answer
    set -l words (commandline -opc) (commandline -ct)
    complete -C "cargo-fence "(string join ' ' -- (string escape -- $words[3..-2]) $words[-1])
end
complete -c cargo -n __fish_cargo_fence_is_asked -f -a '(__fish_cargo_fence_answer)'
