import { floorOf, floors, hashingNames, type Floor } from './house.js';
import { importsOf, resolveSpecifier, type Finding, type ImportFact, type RepoFile } from './source-file.js';

/** Imports that go up, sideways, or to a package or module that the floor has no business with. */
export function floorFindings(file: RepoFile): Finding[] {
  const name = floorOf(file.path);
  const floor = floors[name];
  if (floor === undefined)
    return [`${file.path}: no floor "${name}" in the house; add it to the table with its arrows`];
  return importsOf(file).flatMap((fact) => {
    const wrong = arrowFinding(file.path, name, floor, fact);
    return wrong === undefined ? [] : [`${file.path}:${fact.line}: ${wrong}`];
  });
}

function arrowFinding(path: string, name: string, floor: Floor, fact: ImportFact): string | undefined {
  const { specifier } = fact;
  if (specifier.startsWith('.')) return relativeFinding(path, name, floor, fact);
  if (fact.typeOnly && specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('node:')) return nodeFinding(name, floor, fact);
  if (floor.packages.includes(packageOf(specifier))) return undefined;
  return `${name}/ may not import the package ${packageOf(specifier)}`;
}

function relativeFinding(path: string, name: string, floor: Floor, fact: ImportFact): string | undefined {
  const target = resolveSpecifier(path, fact.specifier);
  if (target === 'package.json') return undefined;
  if (!target.startsWith('src/')) return `imports ${target}, which is outside of src/`;
  const to = floorOf(target);
  if (to === name || floor.uses.includes(to)) return undefined;
  if (!floor.usesTypesOf.includes(to)) return `${name}/ may not import ${to}/`;
  return fact.typeOnly ? undefined : `${name}/ may import only types of ${to}/`;
}

function nodeFinding(name: string, floor: Floor, fact: ImportFact): string | undefined {
  if (floor.node === 'all') return undefined;
  const allowed = floor.node === 'hashing' ? hashingNames[fact.specifier] : undefined;
  if (allowed === undefined) return `${name}/ may not import ${fact.specifier}`;
  const other = fact.names.find((taken) => !allowed.includes(taken));
  return other === undefined
    ? undefined
    : `${name}/ may take only hashing and signing from ${fact.specifier}, not ${other}`;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Files that need each other at run time, each ring once. */
export function cycleFindings(files: readonly RepoFile[]): Finding[] {
  const next = new Map<string, string[]>();
  for (const file of files) {
    const targets = importsOf(file).filter((fact) => !fact.typeOnly && fact.specifier.startsWith('.'));
    next.set(
      file.path,
      targets.map((fact) => resolveSpecifier(file.path, fact.specifier)),
    );
  }
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) findings.push(`these files import each other: ${[...trail.slice(at), path].join(' -> ')}`);
    if (seen.has(path)) return;
    seen.add(path);
    for (const target of next.get(path) ?? []) visit(target, [...trail, path]);
  };
  for (const path of next.keys()) visit(path, []);
  return findings;
}
