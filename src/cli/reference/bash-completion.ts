/** Completions for bash 3.2 and newer, without the package bash-completion. */
import { type Place, quoted } from './completion-places.js';
import { lookUp, operandCases, valueCases } from './shell-cases.js';

export function bashCompletion(places: readonly Place[]): string {
  const quote = (text: string): string => quoted(text, 'bash');
  const commands = places
    .filter((place) => place.commands.length > 0)
    .map(({ path, commands }) => `    (${quote(path)}) REPLY=${quote(commands.map(({ name }) => name).join(' '))} ;;`);
  const flags = places.map(
    (place) => `    (${quote(place.path)}) REPLY=${quote(place.flags.map(({ flag }) => flag).join(' '))} ;;`,
  );
  return [
    '# bash completion for manyget, made by: manyget completion bash',
    '',
    lookUp('_manyget_commands', '$1', commands, 'REPLY='),
    lookUp('_manyget_flags', '$1', flags, 'REPLY='),
    lookUp('_manyget_value', '"$1 $2"', valueCases(places, quote), 'REPLY=flag'),
    lookUp('_manyget_operand', '$1', operandCases(places, quote), 'REPLY=text'),
    walker,
  ].join('\n');
}

/** Finds the place of the cursor, and fills COMPREPLY with what fits there. */
const walker = `# Each line of its input, as one word.
_manyget_lines() {
  local line
  while IFS= read -r line; do COMPREPLY+=("$1$line"); done
}

_manyget_offer() { # kind, what is typed, what it begins with
  case $1 in
    =*) _manyget_lines "$3" < <(compgen -W "\${1#=}" -- "$2") ;;
    file) compopt -o filenames 2>/dev/null; _manyget_lines "$3" < <(compgen -f -- "$2") ;;
    folder) compopt -o filenames 2>/dev/null; _manyget_lines "$3" < <(compgen -d -- "$2") ;;
    program) _manyget_lines "$3" < <(compgen -c -- "$2") ;;
    gid) _manyget_lines "$3" < <(compgen -W "$(manyget ls 2>/dev/null | grep -oE '^[0-9a-f]{16}')" -- "$2") ;;
  esac
}

_manyget() {
  local cur=\${COMP_WORDS[COMP_CWORD]} at= word option= begun= ended= i count=0 REPLY
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $option ]]; then
      # "--color=never" comes as three words.
      [[ $word == '=' ]] || option=
    elif [[ -z $ended && $word == -- ]]; then
      ended=yes
    elif [[ -z $ended && $word == -* ]]; then
      _manyget_value "$at" "$word"
      [[ $REPLY == flag ]] || option=$word
    else
      _manyget_commands "$at"
      if [[ -z $begun$ended && " $REPLY " == *" $word "* ]]; then
        at=\${at:+$at }$word
      else
        begun=yes
        count=$((count + 1))
      fi
    fi
  done
  if [[ -n $option ]]; then
    [[ $cur == '=' ]] && cur=
    _manyget_value "$at" "$option"
    _manyget_offer "$REPLY" "$cur" ''
  elif [[ -z $ended && $cur == --*=* ]]; then
    _manyget_value "$at" "\${cur%%=*}"
    _manyget_offer "$REPLY" "\${cur#*=}" "\${cur%%=*}="
  elif [[ -z $ended && $cur == -* ]]; then
    _manyget_flags "$at"
    _manyget_offer "=$REPLY" "$cur" ''
  else
    if [[ -z $begun$ended ]]; then
      _manyget_commands "$at"
      _manyget_offer "=$REPLY" "$cur" ''
    fi
    _manyget_operand "$at" "$count"
    _manyget_offer "$REPLY" "$cur" ''
  fi
}

complete -F _manyget manyget
`;
