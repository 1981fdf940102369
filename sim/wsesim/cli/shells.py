"""How bash, zsh and fish ask what a line may go on with: the functions they load, and what those are told.

A value that may go on, as `KEY=` or a folder, gets no space behind it. Bash takes what follows `=` or `:` for a word of
its own, so that it is told the line as it stands, and hears of a value what it calls the last word.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

GOES_ON = ("=", "/", ":")
_BASH = """\
%(complete_func)s() {
    local type value response
    response=$(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD="$COMP_WORDBREAKS" \
        %(complete_var)s=bash_complete "$1")
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            part) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a whole parts response
    local type value
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
        %(complete_var)s=zsh_complete %(prog_name)s)}")
    for type value in ${response}; do
        case $type in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            part) parts+=("$value") ;;
            plain) whole+=("$value") ;;
        esac
    done
    [[ -n $whole ]] && compadd -U -V whole -a whole
    [[ -n $parts ]] && compadd -U -S '' -V parts -a parts
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""
_FISH = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -t) \
        %(prog_name)s)
    for each in $response
        set -l found (string split -m 1 "," -- $each)
        switch $found[1]
            case dir
                __fish_complete_directories $found[2]
            case file
                __fish_complete_path $found[2]
            case '*'
                echo $found[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


def _type(item: CompletionItem[Any]) -> str:
    return "part" if item.type == "plain" and item.value.endswith(GOES_ON) else item.type


class Bash(BashComplete):
    """Bash, from 4.4 on."""

    source_template: ClassVar[str] = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the last, and that."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        last = "" if not words or line[-1:].isspace() else words.pop()
        return words[1:], last

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Leave out of a value what bash takes for other words."""
        breaks, line = os.environ.get("COMP_CWORD", ""), os.environ["COMP_WORDS"]
        last = "" if line[-1:].isspace() else line.rpartition(" ")[2]
        left = max((last.rfind(sign) + 1 for sign in "=:" if sign in breaks), default=0)
        return f"{_type(item)},{item.value[left:] if item.type == 'plain' else item.value}"


class Zsh(ZshComplete):
    """Zsh."""

    source_template: ClassVar[str] = _ZSH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return two lines."""
        return f"{_type(item)}\n{item.value}"


class Fish(FishComplete):
    """Fish."""

    source_template: ClassVar[str] = _FISH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return a line; values may have commas."""
        return f"{item.type},{item.value}"


def know_shells() -> None:
    """Let these be what shells are answered by."""
    for shell in (Bash, Zsh, Fish):
        add_completion_class(shell)
