// What bash needs beyond the parser's completion script.
import Foundation

/// A function in front of the parser's: it joins the words again which bash splits at `=` and `:`
/// (names of variants hold `=`), and says when candidates are no files, so that they are shown whole.
enum BashCompletion {
  /// The parser's script for bash with that function; every other text stays as it is.
  static func completed(_ text: String) -> String {
    text.replacing("complete -o filenames -F _bench bench", with: joining)
  }

  private static let joining = #"""
    __bench_joined() {
        local -a words=()
        local -i cword=0 index
        local rest="${COMP_LINE}" word
        for index in "${!COMP_WORDS[@]}"; do
            word="${COMP_WORDS[${index}]}"
            if ((index > 0)) && [[ -n "${word}" && "${rest}" = "${word}"* ]] \
                && [[ "${word}" = [=:]* || "${words[${#words[@]} - 1]}" = *[=:] ]]; then
                words[${#words[@]} - 1]+="${word}"
            else
                words+=("${word}")
            fi
            rest="${rest#*"${word}"}"
            ((index == COMP_CWORD)) && cword=$((${#words[@]} - 1))
        done
        # The current word up to the cursor, and its part that bash keeps on the line.
        local behind="${COMP_LINE:${COMP_POINT}}"
        local current="${words[${cword}]}"
        current="${current%"${behind%%[[:space:]]*}"}"
        [[ "${current}" = *[\'\"\\]* ]] && current="${2}"
        local -r kept="${current%"${2}"}"
        local -r before="${words[$((cword > 0 ? cword - 1 : 0))]}"
        local -a COMP_WORDS=("${words[@]}")
        local -i COMP_CWORD="${cword}"
        _bench "${1}" "${current}" "${before}"
        [[ -e "${COMPREPLY[0]/#\~/${HOME}}" ]] || compopt +o filenames 2>/dev/null
        for index in "${!COMPREPLY[@]}"; do
            COMPREPLY[${index}]="${COMPREPLY[${index}]#"${kept}"}"
        done
    }

    complete -o filenames -F __bench_joined bench
    """#
}
