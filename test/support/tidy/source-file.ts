import ts from 'typescript';

/** A file of the repository with its text; `path` is relative to the root, with `/`. */
export interface RepoFile {
  readonly path: string;
  readonly text: string;
}

/** One thing that is wrong, as a person wants to read it: `where: what`. */
export type Finding = string;

export interface ImportFact {
  readonly specifier: string;
  /** True where nothing of it is left at run time. */
  readonly typeOnly: boolean;
  /** Names taken; `*` for all of it, `default` for the default. */
  readonly names: readonly string[];
  readonly line: number;
}

export function parseFile(file: RepoFile): ts.SourceFile {
  const kind = /\.[cm]?js$/.test(file.path) ? ts.ScriptKind.JS : ts.ScriptKind.TS;
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true, kind);
}

export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

export function visitNodes(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => visitNodes(child, visit));
}

/** Everything that `file` pulls in: imports, re-exports, `import()`, `import('x').T` and `new URL('./x', import.meta.url)`. */
export function importsOf(file: RepoFile): ImportFact[] {
  const source = parseFile(file);
  const facts: ImportFact[] = [];
  visitNodes(source, (node) => {
    const fact = importFact(node);
    if (fact !== undefined) facts.push({ ...fact, line: lineOf(source, node) });
  });
  return facts;
}

function importFact(node: ts.Node): Omit<ImportFact, 'line'> | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, ...clauseFacts(node.importClause) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    const elements = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : undefined;
    const typeOnly = node.isTypeOnly || (elements !== undefined && elements.every((e) => e.isTypeOnly));
    const names = elements?.map((e) => (e.propertyName ?? e.name).text) ?? ['*'];
    return { specifier: node.moduleSpecifier.text, typeOnly, names };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return textFact(node.arguments[0], false);
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textFact(node.argument.literal, true);
  if (ts.isNewExpression(node) && node.expression.getText() === 'URL') {
    return node.arguments?.[1]?.getText() === 'import.meta.url' ? textFact(node.arguments[0], false) : undefined;
  }
  return undefined;
}

function textFact(node: ts.Node | undefined, typeOnly: boolean): Omit<ImportFact, 'line'> | undefined {
  if (node === undefined) return undefined;
  // A specifier that is computed cannot be judged: its text shows up in the finding as an unknown module.
  return { specifier: ts.isStringLiteralLike(node) ? node.text : node.getText(), typeOnly, names: ['*'] };
}

function clauseFacts(clause: ts.ImportClause | undefined): Pick<ImportFact, 'typeOnly' | 'names'> {
  if (clause === undefined) return { typeOnly: false, names: [] };
  const names = clause.name === undefined ? [] : ['default'];
  const bindings = clause.namedBindings;
  if (bindings === undefined) return { typeOnly: isTypeOnly(clause), names };
  if (ts.isNamespaceImport(bindings)) return { typeOnly: isTypeOnly(clause), names: [...names, '*'] };
  const inner = bindings.elements.map((e) => (e.propertyName ?? e.name).text);
  const allTypes = names.length === 0 && inner.length > 0 && bindings.elements.every((e) => e.isTypeOnly);
  return { typeOnly: isTypeOnly(clause) || allTypes, names: [...names, ...inner] };
}

function isTypeOnly(clause: ts.ImportClause): boolean {
  return clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

/** The repository path that a relative `specifier` of `path` means: `./b.js` of `src/a/a.ts` is `src/a/b.ts`. */
export function resolveSpecifier(path: string, specifier: string): string {
  const parts = path.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}
