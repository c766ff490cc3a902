/** Completions for fish 3 and newer. */
import { kindWord, type Place, quoted } from './completion-places.js';

export function fishCompletion(places: readonly Place[]): string {
  const quote = (text: string): string => quoted(text, 'fish');
  const list = (entries: readonly (readonly [string, string])[]): string[] =>
    entries.map(([name, summary]) => `            printf '%s\\t%s\\n' ${quote(name)} ${quote(summary)}`);
  const commands = places
    .filter((place) => place.commands.length > 0)
    .flatMap(({ path, commands }) => [
      `        case ${quote(path)}`,
      ...list(commands.map(({ name, summary }) => [name, summary])),
    ]);
  const flags = places.flatMap((place) => [
    `        case ${quote(place.path)}`,
    ...list(place.flags.map(({ flag, summary }) => [flag, summary])),
  ]);
  const values = places.flatMap(({ path, flags }) =>
    flags
      .filter(({ takes }) => takes !== undefined)
      .flatMap(({ flag, takes }) => [
        `        case ${quote(`${path} ${flag}`)}`,
        `            echo ${quote(kindWord(takes))}`,
      ]),
  );
  const operands = places.flatMap(({ path, operand, isVariadic }) => [
    `        case ${quote(path)}`,
    `            ${isVariadic ? '' : 'test $argv[2] = 0; and '}echo ${quote(kindWord(operand))}`,
  ]);
  const lookUp = (name: string, subject: string, cases: readonly string[], otherwise: readonly string[]): string =>
    [`function ${name}`, `    switch ${subject}`, ...cases, ...otherwise, '    end', 'end', ''].join('\n');
  return [
    '# fish completion for manyget, made by: manyget completion fish',
    '',
    lookUp('__manyget_commands', '"$argv[1]"', commands, []),
    lookUp('__manyget_flags', '"$argv[1]"', flags, []),
    lookUp('__manyget_value', '"$argv[1] $argv[2]"', values, ["        case '*'", '            echo flag']),
    lookUp('__manyget_operand', '"$argv[1]"', operands, []),
    walker,
  ].join('\n');
}

const walker = `function __manyget_offer # kind, what is typed, what it begins with
    switch "$argv[1]"
        case '=*'
            string split ' ' -- (string sub -s 2 -- "$argv[1]") | string replace -r '^' -- "$argv[3]"
        case file
            __fish_complete_path "$argv[2]" | string replace -r '^' -- "$argv[3]"
        case folder
            __fish_complete_directories "$argv[2]" '' | string replace -r '^' -- "$argv[3]"
        case program
            __fish_complete_command
        case gid
            manyget ls 2>/dev/null | string match -r '^[0-9a-f]{16}'
    end
end

function __manyget_complete
    set -l cur (commandline -ct)
    set -l at
    set -l option
    set -l begun
    set -l ended
    set -l count 0
    for word in (commandline -opc)[2..-1]
        if test -n "$option"
            set option
        else if test -z "$ended"; and test "$word" = --
            set ended yes
        else if test -z "$ended"; and string match -q -- '-*' "$word"
            test (__manyget_value "$at" "$word") = flag; or set option $word
        else if test -z "$begun$ended"; and __manyget_commands "$at" | string match -q -- "$word"\\t'*'
            set at (string trim -- "$at $word")
        else
            set begun yes
            set count (math $count + 1)
        end
    end
    if test -n "$option"
        __manyget_offer (__manyget_value "$at" "$option") "$cur" ''
    else if test -z "$ended"; and string match -q -- '--*=*' "$cur"
        set -l parts (string split -m 1 = -- "$cur")
        __manyget_offer (__manyget_value "$at" $parts[1]) "$parts[2]" "$parts[1]="
    else if test -z "$ended"; and string match -q -- '-*' "$cur"
        __manyget_flags "$at"
    else
        test -z "$begun$ended"; and __manyget_commands "$at"
        set -l kind (__manyget_operand "$at" $count)
        test -n "$kind"; and __manyget_offer $kind "$cur" ''
    end
end

complete -c manyget -f -a '(__manyget_complete)'
`;
