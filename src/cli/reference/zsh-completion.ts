/** Completions for zsh: a file for `fpath`, or to be sourced after compinit. */
import { type Place, quoted } from './completion-places.js';
import { lookUp, operandCases, valueCases } from './shell-cases.js';

export function zshCompletion(places: readonly Place[]): string {
  const quote = (text: string): string => quoted(text, 'zsh');
  const described = (entries: readonly (readonly [string, string])[]): string =>
    entries.map(([name, summary]) => quote(`${name}:${summary}`)).join(' ');
  const commands = places
    .filter((place) => place.commands.length > 0)
    .map(
      ({ path, commands }) =>
        `    (${quote(path)}) reply=(${described(commands.map(({ name, summary }) => [name, summary]))}) ;;`,
    );
  const flags = places.map(
    (place) =>
      `    (${quote(place.path)}) reply=(${described(place.flags.map(({ flag, summary }) => [flag, summary]))}) ;;`,
  );
  return [
    '#compdef manyget',
    '# zsh completion for manyget, made by: manyget completion zsh',
    '',
    lookUp('_manyget_commands', '$1', commands, 'reply=()'),
    lookUp('_manyget_flags', '$1', flags, 'reply=()'),
    lookUp('_manyget_value', '"$1 $2"', valueCases(places, quote), 'REPLY=flag'),
    lookUp('_manyget_operand', '$1', operandCases(places, quote), 'REPLY=text'),
    walker,
  ].join('\n');
}

const walker = `_manyget_offer() { # kind
  local -a found
  case $1 in
    (=*) found=(\${=1#=}); compadd -a found ;;
    (file) _files ;;
    (folder) _files -/ ;;
    (program) _command_names -e ;;
    (gid) found=(\${(f)"$(manyget ls 2>/dev/null | grep -oE '^[0-9a-f]{16}')"}); compadd -a found ;;
  esac
}

_manyget() {
  local at= word option= begun= ended= REPLY
  local -a reply
  integer i count=0
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ -n $option ]]; then
      option=
    elif [[ -z $ended && $word == -- ]]; then
      ended=yes
    elif [[ -z $ended && $word == -* ]]; then
      _manyget_value "$at" "$word"
      [[ $REPLY == flag ]] || option=$word
    else
      _manyget_commands "$at"
      if [[ -z $begun$ended ]] && ((\${reply[(I)$word:*]})); then
        at=\${at:+$at }$word
      else
        begun=yes
        ((count += 1))
      fi
    fi
  done
  if [[ -n $option ]]; then
    _manyget_value "$at" "$option"
    _manyget_offer "$REPLY"
  elif [[ -z $ended && $PREFIX == --*=* ]]; then
    _manyget_value "$at" "\${PREFIX%%=*}"
    compset -P '*='
    _manyget_offer "$REPLY"
  elif [[ -z $ended && $PREFIX == -* ]]; then
    _manyget_flags "$at"
    _describe -o option reply
  else
    if [[ -z $begun$ended ]]; then
      _manyget_commands "$at"
      ((\${#reply})) && _describe command reply
    fi
    _manyget_operand "$at" "$count"
    _manyget_offer "$REPLY"
  fi
}

if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _manyget "$@"
else
  compdef _manyget manyget
fi
`;
