/** What a mutant changes: one operator, condition, constant or statement, found on the syntax tree of TypeScript's own parser. */
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import {
  isBinaryExpression,
  isCallExpression,
  isConditionalExpression,
  isExpressionStatement,
  isIfStatement,
  isNumericLiteral,
  isPrefixUnaryExpression,
  isPropertyAccessExpression,
  isTypeNode,
  isWhileStatement,
} from "typescript/unstable/ast/is";

export interface Change {
  readonly start: number;
  readonly end: number;
  readonly becomes: string;
  readonly how: "operator" | "condition" | "constant" | "statement" | "call";
}

const SWAPS: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "+": "-",
  "-": "+",
  "*": "+",
  "/": "*",
  "%": "*",
  "&&": "||",
  "||": "&&",
  "&": "|",
  "|": "&",
  "^": "&",
  ">>": "<<",
  "<<": ">>",
  "+=": "-=",
  "-=": "+=",
};
const CALLS: Readonly<Record<string, string>> = { every: "some", some: "every", min: "max", max: "min" };
const JUMPS = new Set([SyntaxKind.ThrowStatement, SyntaxKind.ContinueStatement, SyntaxKind.BreakStatement]);

/** All changes of one file, in the order of the text. Types, imports and the texts of messages are left alone. */
export function changesOf(file: Node, text: string): Change[] {
  const found: Change[] = [];
  const walk = (node: Node): void => {
    if (isTypeNode(node) || SKIPPED.has(node.kind)) return;
    found.push(...changesAt(node, text));
    node.forEachChild((child) => {
      walk(child);
      return undefined;
    });
  };
  walk(file);
  return found.sort((a, b) => a.start - b.start);
}

const SKIPPED = new Set([
  SyntaxKind.ImportDeclaration,
  SyntaxKind.ExportDeclaration,
  SyntaxKind.InterfaceDeclaration,
  SyntaxKind.TypeAliasDeclaration,
]);

function changesAt(node: Node, text: string): Change[] {
  const whole = { start: node.getStart(), end: node.end };
  if (isBinaryExpression(node)) return binary(node.operatorToken, node.left, node.right, text);
  if (isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken) {
    return [{ ...whole, becomes: slice(text, node.operand), how: "operator" }];
  }
  if (isIfStatement(node) || isWhileStatement(node)) {
    const outcomes = isIfStatement(node) ? ["true", "false"] : ["false"];
    return outcomes.map((becomes) => replaced(node.expression, becomes, "condition"));
  }
  if (isConditionalExpression(node)) {
    return ["true", "false"].map((becomes) => replaced(node.condition, becomes, "condition"));
  }
  if (isNumericLiteral(node)) return [{ ...whole, becomes: `(${slice(text, node)} + 1)`, how: "constant" }];
  if (node.kind === SyntaxKind.TrueKeyword) return [{ ...whole, becomes: "false", how: "constant" }];
  if (node.kind === SyntaxKind.FalseKeyword) return [{ ...whole, becomes: "true", how: "constant" }];
  if (isExpressionStatement(node) || JUMPS.has(node.kind)) return [{ ...whole, becomes: ";", how: "statement" }];
  if (isCallExpression(node) && isPropertyAccessExpression(node.expression)) return call(node.expression.name, text);
  return [];
}

function binary(operator: Node, left: Node, right: Node, text: string): Change[] {
  if (operator.kind === SyntaxKind.QuestionQuestionToken) {
    return [{ start: left.end, end: right.end, becomes: "", how: "operator" }];
  }
  const swap = SWAPS[slice(text, operator)];
  return swap === undefined ? [] : [replaced(operator, swap, "operator")];
}

function call(name: Node, text: string): Change[] {
  const swap = CALLS[slice(text, name)];
  return swap === undefined ? [] : [replaced(name, swap, "call")];
}

const slice = (text: string, node: Node): string => text.slice(node.getStart(), node.end);

function replaced(node: Node, becomes: string, how: Change["how"]): Change {
  return { start: node.getStart(), end: node.end, becomes, how };
}
