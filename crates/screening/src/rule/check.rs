//! Reads a condition and checks it: what passes has an answer for every payment.
//!
//! Invariant: length and nesting are checked before anything is read, as what reads it walks down by calling itself.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};

use super::expression::{Expression, Literal, Order, Outcome, Part, Sign};
use super::mistake::{Mistake, Wrong};
use super::variable::{Input, Type, Variable};

/// Of a condition.
pub const CHARS_MAX: usize = 1_000;
/// Brackets, and questions (`a ? b : c`), within each other.
pub const BRACKETS_MAX: usize = 12;
/// Operators within each other.
pub const DEPTH_MAX: usize = 48;
/// Operators, names and values in all.
pub const NODES_MAX: usize = 200;

/// How deep the reader may go: each bracket takes it several steps.
const READER_DEPTH_MAX: u16 = 96;

/// A condition that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    text: String,
    expression: Expression,
}

impl Condition {
    /// Reads and checks a condition.
    pub fn new(text: &str) -> Result<Self, Wrong> {
        before_reading(text)?;
        let parser = cel::Env::default().with_optional_support(false).parser();
        let read = parser
            .max_recursion_depth(READER_DEPTH_MAX)
            .parse_with_source_info(text);
        let (tree, source) = read.map_err(|errors| {
            let at = errors.errors.first().map_or(0, |error| place(text, error.pos));
            Wrong::new(Mistake::Unreadable, at, "")
        })?;
        let mut checker = Checker {
            text,
            source: &source,
            nodes: 0,
            has_variable: false,
        };
        let (expression, kind) = checker.expression(&tree, 0)?;
        if kind != Type::Truth {
            return Err(Wrong::new(Mistake::NoTruth, 0, Type::Truth.code()));
        }
        if !checker.has_variable {
            return Err(Wrong::new(Mistake::Constant, 0, ""));
        }
        Ok(Self {
            text: text.to_owned(),
            expression,
        })
    }

    /// The text, as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says of a payment.
    pub fn outcome(&self, input: &Input<'_>) -> Outcome {
        self.expression.outcome(input)
    }
}

/// Length and nesting, by a look at the characters alone.
fn before_reading(text: &str) -> Result<(), Wrong> {
    if text.trim().is_empty() {
        return Err(Wrong::new(Mistake::Empty, 0, ""));
    }
    let (mut depth, mut quote, mut is_escaped) = (0_usize, None, false);
    for (at, character) in text.chars().enumerate() {
        if at >= CHARS_MAX {
            return Err(Wrong::new(Mistake::TooLong, at, ""));
        }
        match (quote, character) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            // A question nests to its right without a bracket.
            (None, '(' | '[' | '{' | '?') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        if depth > BRACKETS_MAX {
            return Err(Wrong::new(Mistake::TooDeep, at, ""));
        }
    }
    Ok(())
}

/// Characters before a line and a column, both from 1.
fn place(text: &str, (line, column): (isize, isize)) -> usize {
    let before = |lines: usize| -> usize {
        let lines = text.split_inclusive('\n').take(lines);
        lines.map(|line| line.chars().count()).sum()
    };
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    (before(line) + column).min(text.chars().count())
}

struct Checker<'a> {
    text: &'a str,
    source: &'a SourceInfo,
    nodes: usize,
    has_variable: bool,
}

type Checked = Result<(Expression, Type), Wrong>;

impl Checker<'_> {
    fn wrong(&self, mistake: Mistake, node: &IdedExpr, about: &str) -> Wrong {
        let bytes = self
            .source
            .offset_for(node.id)
            .map_or(0, |(start, _)| start as usize);
        let at = self
            .text
            .char_indices()
            .take_while(|(byte, _)| *byte < bytes)
            .count();
        Wrong::new(mistake, at, about)
    }

    fn expression(&mut self, node: &IdedExpr, depth: usize) -> Checked {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.wrong(Mistake::TooCostly, node, ""));
        }
        if depth > DEPTH_MAX {
            return Err(self.wrong(Mistake::TooDeep, node, ""));
        }
        match &node.expr {
            Expr::Literal(_) => {
                let literal = self.literal(node)?;
                let kind = kind_of(&literal);
                Ok((Expression::Literal(literal), kind))
            }
            Expr::Ident(name) => {
                let variable = self.variable(node, name)?;
                Ok((Expression::Variable(variable), variable.kind()))
            }
            Expr::Call(call) => self.call(node, call, depth),
            Expr::Comprehension(_)
            | Expr::List(_)
            | Expr::Map(_)
            | Expr::Select(_)
            | Expr::Struct(_)
            | Expr::Unspecified => Err(self.wrong(Mistake::NotHere, node, "")),
        }
    }

    fn literal(&self, node: &IdedExpr) -> Result<Literal, Wrong> {
        match &node.expr {
            Expr::Literal(LiteralValue::Int(number)) => Ok(Literal::Int(*number.inner())),
            Expr::Literal(LiteralValue::String(text)) => Ok(Literal::Text(text.inner().into())),
            Expr::Literal(LiteralValue::Boolean(truth)) => Ok(Literal::Truth(*truth.inner())),
            _ => Err(self.wrong(Mistake::NotHere, node, "")),
        }
    }

    fn variable(&mut self, node: &IdedExpr, name: &str) -> Result<Variable, Wrong> {
        self.has_variable = true;
        Variable::parse(name).ok_or_else(|| self.wrong(Mistake::UnknownVariable, node, name))
    }

    /// An argument that has to be of one type.
    fn of(&mut self, kind: Type, node: &IdedExpr, depth: usize) -> Result<Box<Expression>, Wrong> {
        let (expression, found) = self.expression(node, depth + 1)?;
        if found == kind {
            Ok(Box::new(expression))
        } else {
            Err(self.wrong(Mistake::WrongType, node, kind.code()))
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr, depth: usize) -> Checked {
        let name = call.func_name.as_str();
        match (name, call.target.as_deref(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, None, [inner]) => {
                let inner = self.of(Type::Truth, inner, depth)?;
                Ok((Expression::Not(inner), Type::Truth))
            }
            (operators::NEGATE, None, [inner]) => {
                let inner = self.of(Type::Int, inner, depth)?;
                Ok((Expression::Negated(inner), Type::Int))
            }
            (operators::LOGICAL_AND | operators::LOGICAL_OR, None, [one, other]) => {
                let one = self.of(Type::Truth, one, depth)?;
                let other = self.of(Type::Truth, other, depth)?;
                let make = if name == operators::LOGICAL_AND {
                    Expression::And
                } else {
                    Expression::Or
                };
                Ok((make(one, other), Type::Truth))
            }
            (operators::CONDITIONAL, None, [condition, yes, no]) => {
                let condition = self.of(Type::Truth, condition, depth)?;
                let (yes, kind) = self.expression(yes, depth + 1)?;
                let no = self.of(kind, no, depth)?;
                Ok((Expression::If(condition, Box::new(yes), no), kind))
            }
            (operators::EQUALS, None, [one, other]) => self.equal(one, other, depth),
            (operators::NOT_EQUALS, None, [one, other]) => {
                let (equal, kind) = self.equal(one, other, depth)?;
                Ok((Expression::Not(Box::new(equal)), kind))
            }
            (operators::IN, None, [one, list]) => self.one_of(one, list, depth),
            ("startsWith" | "endsWith" | "contains", Some(text), [sought]) => {
                let part = match name {
                    "startsWith" => Part::Start,
                    "endsWith" => Part::End,
                    _ => Part::Anywhere,
                };
                let text = self.of(Type::Text, text, depth)?;
                let sought = self.of(Type::Text, sought, depth)?;
                Ok((Expression::Has(part, text, sought), Type::Truth))
            }
            (_, None, [one, other]) => match (sign(name), order(name)) {
                (Some(sign), _) => {
                    let (one, other) = self.two_ints(one, other, depth)?;
                    Ok((Expression::Sum(sign, one, other), Type::Int))
                }
                (None, Some(order)) => {
                    let (one, other) = self.two_ints(one, other, depth)?;
                    Ok((Expression::Ordered(order, one, other), Type::Truth))
                }
                (None, None) => Err(self.no_function(node, name)),
            },
            _ => Err(self.no_function(node, name)),
        }
    }

    /// Operators have names of their own, which nobody wrote.
    fn no_function(&self, node: &IdedExpr, name: &str) -> Wrong {
        if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            self.wrong(Mistake::UnknownFunction, node, name)
        } else {
            self.wrong(Mistake::NotHere, node, "")
        }
    }

    fn two_ints(
        &mut self,
        one: &IdedExpr,
        other: &IdedExpr,
        depth: usize,
    ) -> Result<(Box<Expression>, Box<Expression>), Wrong> {
        Ok((self.of(Type::Int, one, depth)?, self.of(Type::Int, other, depth)?))
    }

    /// `a == b`, and `variable == null`: whether nobody knows it.
    fn equal(&mut self, one: &IdedExpr, other: &IdedExpr, depth: usize) -> Checked {
        let is_null = |node: &IdedExpr| matches!(node.expr, Expr::Literal(LiteralValue::Null));
        for (asked, null) in [(one, other), (other, one)] {
            if is_null(null) {
                let (expression, _) = self.expression(asked, depth + 1)?;
                let Expression::Variable(variable) = expression else {
                    return Err(self.wrong(Mistake::NotHere, null, ""));
                };
                let is_known = Box::new(Expression::IsKnown(variable));
                return Ok((Expression::Not(is_known), Type::Truth));
            }
        }
        let (first, kind) = self.expression(one, depth + 1)?;
        let second = self.of(kind, other, depth)?;
        for (variable, literal, node) in [(&first, &*second, other), (&*second, &first, one)] {
            if let (Expression::Variable(variable), Expression::Literal(literal)) = (variable, literal) {
                self.word(*variable, literal, node)?;
            }
        }
        Ok((Expression::Equal(Box::new(first), second), Type::Truth))
    }

    fn one_of(&mut self, one: &IdedExpr, list: &IdedExpr, depth: usize) -> Checked {
        let (first, kind) = self.expression(one, depth + 1)?;
        let Expr::List(elements) = &list.expr else {
            return Err(self.wrong(Mistake::NotHere, list, ""));
        };
        self.nodes += elements.elements.len();
        if elements.elements.is_empty() || self.nodes > NODES_MAX {
            let mistake = if elements.elements.is_empty() {
                Mistake::NotHere
            } else {
                Mistake::TooCostly
            };
            return Err(self.wrong(mistake, list, ""));
        }
        let mut literals = Vec::with_capacity(elements.elements.len());
        for node in &elements.elements {
            let literal = self.literal(node)?;
            if kind_of(&literal) != kind {
                return Err(self.wrong(Mistake::WrongType, node, kind.code()));
            }
            if let Expression::Variable(variable) = &first {
                self.word(*variable, &literal, node)?;
            }
            literals.push(literal);
        }
        Ok((Expression::OneOf(Box::new(first), literals), Type::Truth))
    }

    fn word(&self, variable: Variable, literal: &Literal, node: &IdedExpr) -> Result<(), Wrong> {
        match literal {
            Literal::Text(text) if !variable.may_be(text) => {
                Err(self.wrong(Mistake::UnknownWord, node, variable.code()))
            }
            _ => Ok(()),
        }
    }
}

const fn kind_of(literal: &Literal) -> Type {
    match literal {
        Literal::Int(_) => Type::Int,
        Literal::Text(_) => Type::Text,
        Literal::Truth(_) => Type::Truth,
    }
}

fn sign(name: &str) -> Option<Sign> {
    Some(match name {
        operators::ADD => Sign::Plus,
        operators::SUBSTRACT => Sign::Minus,
        operators::MULTIPLY => Sign::Times,
        operators::DIVIDE => Sign::Over,
        operators::MODULO => Sign::Modulo,
        _ => return None,
    })
}

fn order(name: &str) -> Option<Order> {
    Some(match name {
        operators::LESS => Order::Less,
        operators::LESS_EQUALS => Order::AtMost,
        operators::GREATER => Order::More,
        operators::GREATER_EQUALS => Order::AtLeast,
        _ => return None,
    })
}
