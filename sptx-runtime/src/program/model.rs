//! The model around the programs: dimensions, tables, parameters, incidence rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Columns, Program, Scalars, Side, Split, Stage};

/// Everything the runtime knows about a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The model's name, as declared.
    pub name: String,
    /// The declaration's doc comment.
    pub doc: String,
    /// Dimensions, each after those it derives from.
    pub dims: Vec<Dim>,
    /// Parameters given at run time.
    pub parameters: Vec<Parameter>,
    /// Parameters fixed when the model was compiled.
    pub choices: Vec<Choice>,
    /// The declared tables.
    pub slots: Vec<Slot>,
    /// Their storage.
    pub planes: Vec<Plane>,
    /// The score's sparse incidence rows.
    pub rows: Vec<IncidenceRow>,
    /// Number of scalars of both programs.
    pub scalars: usize,
    /// The scalar that holds the score after the forward program.
    pub score: usize,
    /// The scalar that holds the derivative of the loss by the score before the backward program.
    pub upstream: usize,
    /// Whether the score is at most 0 whatever the tables hold: a negative distance.
    pub never_positive: bool,
    /// Computes the score.
    pub forward: Program,
    /// Scatters the gradient.
    pub backward: Program,
    /// The score as a comparison of queries to candidates, for each end for which it splits so.
    pub splits: Vec<Split>,
}

/// A dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dim {
    /// As declared.
    pub name: String,
    /// How its size is found.
    pub size: DimSize,
}

/// How the size of a dimension is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DimSize {
    /// Given at run time.
    Symbol,
    /// Half of another dimension.
    Half(usize),
    /// A number.
    Literal(u32),
}

/// Whose rows a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// One row per entity.
    Entity,
    /// One row per relation.
    Relation,
}

/// A declared table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Whose rows.
    pub owner: Owner,
    /// Its name.
    pub name: String,
    /// Its type as declared: `real[d]`.
    pub ty: String,
    /// Whether its elements are angles.
    pub phase: bool,
    /// What holds for the touched rows after each step.
    pub constraints: Vec<Constraint>,
    /// How its rows begin.
    pub initializer: Initializer,
}

/// What holds for a slot's rows after each step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// Euclidean norm of the row, all planes of the slot together, at most this.
    MaxNorm(f64),
    /// Euclidean norm of the row exactly 1.
    UnitNorm,
    /// Every element at least 0.
    NonNegative,
    /// A square matrix equal to its transpose.
    Symmetric,
    /// Never changed by training.
    Frozen,
}

/// How a slot's rows begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initializer {
    /// Vectors uniform in ±6/√d, matrices Glorot, phases uniform in ±π, scalars 0.
    Default,
    /// Uniform in `[low, high]`.
    Uniform(f64, f64),
    /// Normal with this mean and standard deviation.
    Normal(f64, f64),
    /// Glorot's uniform bound √(6 / (fan in + fan out)).
    Xavier,
    /// Every element this.
    Constant(f64),
    /// A matrix with ones on its diagonal.
    Identity,
    /// 1 for rows named so, 0 for the others.
    OneIfNamed(Vec<String>),
}

/// The unit of storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plane {
    /// Index of its slot.
    pub slot: usize,
    /// Which part of the slot; empty for the whole.
    pub part: String,
    /// The shape of one row.
    pub shape: Shape,
}

/// The shape of one row of a plane; numbers are indices of dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One number.
    Scalar,
    /// One number per element of a dimension.
    Vector(usize),
    /// Rows, columns.
    Matrix(usize, usize),
}

/// A parameter given at run time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value when nothing else is given.
    pub default: f64,
}

/// A parameter fixed when the model was compiled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// The values it may have.
    pub options: Vec<f64>,
    /// The value it has here.
    pub chosen: f64,
}

/// One row of the incidence matrix that a triple makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidenceRow {
    /// The semiring under which it is folded.
    pub semiring: String,
    /// Its non-zeros.
    pub terms: Vec<IncidenceTerm>,
}

/// A non-zero of an incidence row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidenceTerm {
    /// Whose row of the stacked table it selects.
    pub side: Side,
    /// Of which slot.
    pub slot: usize,
    /// Which part of the slot; empty for the whole.
    pub part: String,
    /// Its coefficient.
    pub coefficient: f64,
    /// Whether the complex conjugate is taken.
    pub conjugate: bool,
}

/// Why dimensions could not be bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// A symbol has no size.
    #[error("dimension `{name}` of {model} has no size; give one, such as `{name} = 64`")]
    Missing {
        /// The model.
        model: String,
        /// The symbol.
        name: String,
    },
    /// A size of 0.
    #[error("dimension `{name}` must be at least 1")]
    Zero {
        /// The symbol.
        name: String,
    },
    /// An odd size where a half is taken.
    #[error("dimension `{name}` is read by halves, so it must be even; it is {size}: try {}", size + 1)]
    Odd {
        /// The symbol.
        name: String,
        /// Its size.
        size: usize,
    },
    /// A name that is no symbol of the model.
    #[error("{model} has no dimension `{name}`; it has {known}")]
    Unknown {
        /// The model.
        model: String,
        /// What was given.
        name: String,
        /// What there is.
        known: String,
    },
}

impl Model {
    /// A model from JSON, as `sptx compile --target json` writes it.
    ///
    /// # Errors
    /// When the text is not a model's.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The model as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a program is plain data")
    }

    /// The sizes of all dimensions, in the order of [`Model::dims`], from the sizes of the symbols.
    ///
    /// # Errors
    /// When a symbol is missing, zero or unknown, or an odd dimension is halved.
    pub fn bind(&self, symbols: &BTreeMap<String, usize>) -> Result<Vec<usize>, BindError> {
        if let Some(name) = symbols.keys().find(|name| !self.symbols().any(|symbol| symbol == name.as_str())) {
            let known = self.symbols().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(BindError::Unknown { model: self.name.clone(), name: name.clone(), known });
        }
        let mut sizes = Vec::with_capacity(self.dims.len());
        for dim in &self.dims {
            let size = match dim.size {
                DimSize::Symbol => *symbols
                    .get(&dim.name)
                    .ok_or_else(|| BindError::Missing { model: self.name.clone(), name: dim.name.clone() })?,
                DimSize::Literal(size) => size as usize,
                DimSize::Half(of) if sizes[of] % 2 == 0 => sizes[of] / 2,
                DimSize::Half(of) => {
                    return Err(BindError::Odd { name: self.dims[of].name.clone(), size: sizes[of] });
                }
            };
            if size == 0 {
                return Err(BindError::Zero { name: dim.name.clone() });
            }
            sizes.push(size);
        }
        Ok(sizes)
    }

    /// The dimensions that a user binds.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.dims.iter().filter(|dim| dim.size == DimSize::Symbol).map(|dim| dim.name.as_str())
    }

    /// The owner of a plane's rows.
    pub fn owner(&self, plane: usize) -> Owner {
        self.slots[self.planes[plane].slot].owner
    }

    /// Whether training changes a plane: the backward program scatters to it.
    pub fn is_trained(&self, plane: usize) -> bool {
        self.backward.stages.iter().any(|stage| match stage {
            Stage::Columns(Columns { scatter, .. }) | Stage::Scalars(Scalars { scatter, .. }) => {
                scatter.iter().any(|scatter| scatter.plane == plane)
            }
            Stage::Outer(outer) => outer.plane == plane,
            Stage::Product(_) => false,
        })
    }

    /// How the score splits where one end is missing, if it does.
    pub fn split(&self, missing: Side) -> Option<&Split> {
        self.splits.iter().find(|split| split.missing == missing)
    }

    /// The planes of a slot, in order.
    pub fn planes_of(&self, slot: usize) -> impl Iterator<Item = usize> {
        (0..self.planes.len()).filter(move |plane| self.planes[*plane].slot == slot)
    }

    /// The name of a slot: `entity.v`.
    pub fn slot_name(&self, slot: usize) -> String {
        let Slot { owner, name, .. } = &self.slots[slot];
        match owner {
            Owner::Entity => format!("entity.{name}"),
            Owner::Relation => format!("relation.{name}"),
        }
    }

    /// The name of a plane: `entity.v`, `relation.m`, `entity.v.re`.
    pub fn plane_name(&self, plane: usize) -> String {
        let Plane { slot, part, .. } = &self.planes[plane];
        let slot = self.slot_name(*slot);
        if part.is_empty() { slot } else { format!("{slot}.{part}") }
    }
}
