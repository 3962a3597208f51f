//! The analysis of one score: its state, and its statements in order.

use std::collections::BTreeMap;

use super::tables::SlotInfo;
use super::{Choices, Reported, Semirings, constant, finish, incidence, tables, twice, usage};
use crate::ast::{self, Statement};
use crate::diagnostics::Diagnostic;
use crate::ir::{self, Builder, Op, Owner, Value};

/// The most combinations of choices that one score may have: each is compiled.
pub(super) const MOST_COMBINATIONS: usize = 256;

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Binding {
    /// A value, or a matrix on its way to a product.
    Operand(Operand),
    /// The value of an `incidence` statement.
    Row(Value),
    /// Something whose error has been reported.
    Reported,
}

/// What an expression gives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    /// A scalar or a vector.
    Value(Value),
    /// A matrix, which waits for its vector.
    Matrix(Matrix),
}

/// A matrix on its way to a product: `factor · value`, or `factor · valueᵀ`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    pub(super) value: Value,
    pub(super) transposed: bool,
    pub(super) factor: Option<Value>,
}

/// The state of the analysis of one score.
pub(super) struct Context<'a> {
    pub(super) semirings: &'a Semirings,
    pub(super) builder: Builder,
    pub(super) slots: BTreeMap<(Owner, String), SlotInfo>,
    pub(super) names: BTreeMap<String, Binding>,
    pub(super) errors: Vec<Diagnostic>,
}

/// Analyses one score.
pub(super) fn analyze(
    score: &ast::Score,
    semirings: &Semirings,
    choices: &Choices,
) -> Result<ir::Score, Vec<Diagnostic>> {
    let mut context = Context {
        semirings,
        builder: Builder::new(empty(score)),
        slots: BTreeMap::new(),
        names: BTreeMap::new(),
        errors: Vec::new(),
    };
    context.check_combinations(score);
    tables::declare(&mut context, score, &usage::of(score));
    let mut roots = Vec::new();
    for statement in &score.statements {
        match statement {
            Statement::Parameter(parameter) => context.parameter(parameter, choices),
            Statement::Tables(_) => {}
            Statement::Incidence(row) => context.incidence(row),
            Statement::Let(binding) => context.binding(binding),
            Statement::Score(root) => roots.push((root, context.lower(&root.value))),
        }
    }
    finish::finish(context, score, &roots)
}

fn empty(score: &ast::Score) -> ir::Score {
    ir::Score {
        name: score.name.text.clone(),
        doc: score.doc.clone(),
        dims: ir::Arena::default(),
        parameters: ir::Arena::default(),
        choices: Vec::new(),
        slots: ir::Arena::default(),
        planes: ir::Arena::default(),
        semirings: ir::Arena::default(),
        nodes: ir::Arena::default(),
        names: Vec::new(),
        root: Value::new(0),
    }
}

impl Context<'_> {
    /// Records an error.
    pub(super) fn report(&mut self, error: Diagnostic) -> Reported {
        self.errors.push(error);
        Reported
    }

    /// Gives a name its meaning.
    fn bind(&mut self, name: &ast::Name, binding: Binding) {
        if self.names.contains_key(&name.text) {
            self.report(twice(name, "a parameter, a `let` or an `incidence`"));
        } else {
            self.names.insert(name.text.clone(), binding);
        }
    }

    fn name_value(&mut self, name: &ast::Name, value: Value) {
        self.builder.declarations().names.push((value, name.text.clone()));
    }

    fn binding(&mut self, binding: &ast::Let) {
        let bound = match self.lower(&binding.value) {
            Ok(Operand::Value(value)) => {
                self.name_value(&binding.name, value);
                Binding::Operand(Operand::Value(value))
            }
            Ok(matrix @ Operand::Matrix(_)) => Binding::Operand(matrix),
            Err(Reported) => Binding::Reported,
        };
        self.bind(&binding.name, bound);
    }

    fn incidence(&mut self, row: &ast::Incidence) {
        let bound = match incidence::row(self, row) {
            Ok(value) => {
                self.name_value(&row.name, value);
                Binding::Row(value)
            }
            Err(Reported) => Binding::Reported,
        };
        self.bind(&row.name, bound);
    }

    fn parameter(&mut self, parameter: &ast::Parameter, choices: &Choices) {
        let mut values = Vec::new();
        for value in &parameter.values {
            match constant::evaluate(value, &|_| None) {
                Ok(number) if values.contains(&number) => {
                    self.report(
                        Diagnostic::new(value.span, format!("the value {number} is listed twice")).help("remove it"),
                    );
                }
                Ok(number) => values.push(number),
                Err(error) => {
                    self.report(error);
                }
            }
        }
        let bound = match values.as_slice() {
            [] => Binding::Reported,
            [default] if parameter.values.len() == 1 => self.real_parameter(parameter, *default),
            options => self.choice(parameter, options, choices),
        };
        self.bind(&parameter.name, bound);
    }

    fn real_parameter(&mut self, parameter: &ast::Parameter, default: f64) -> Binding {
        let declared = ir::Parameter { name: parameter.name.text.clone(), default };
        let id = self.builder.declarations().parameters.push(declared);
        Binding::Operand(Operand::Value(self.builder.push(Op::Parameter(id))))
    }

    fn choice(&mut self, parameter: &ast::Parameter, options: &[f64], choices: &Choices) -> Binding {
        let name = parameter.name.text.clone();
        let chosen = choices.get(&name).unwrap_or(options[0]);
        if !options.contains(&chosen) {
            let listed: Vec<String> = options.iter().map(f64::to_string).collect();
            let error = Diagnostic::new(parameter.name.span, format!("`{name}` cannot be {chosen}"));
            self.report(error.label("declared here").help(format!("its values are {}", listed.join(", "))));
            return Binding::Reported;
        }
        self.builder.declarations().choices.push(ir::Choice { name, options: options.to_vec(), chosen });
        Binding::Operand(Operand::Value(self.builder.constant(chosen)))
    }

    fn check_combinations(&mut self, score: &ast::Score) {
        let counts = super::choices::of(score).map(|parameter| parameter.values.len());
        let combinations = counts.fold(1_usize, usize::saturating_mul);
        if combinations > MOST_COMBINATIONS {
            let message = format!("the choices have {combinations} combinations; each is compiled");
            let help =
                format!("keep to {MOST_COMBINATIONS}, or give a parameter one value: it is then set at run time");
            self.report(Diagnostic::new(score.name.span, message).help(help));
        }
    }
}
