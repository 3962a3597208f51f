//! The zoo's declarations, compiled at run time until compiled kernels are there to take.

use sptx_runtime::kernel::CompiledModel;

/// A model of the zoo.
pub(crate) struct ZooModel {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its name in print.
    pub(crate) title: &'static str,
    /// Its declaration.
    pub(crate) source: &'static str,
    /// Its compiled kernels for some values of its choices.
    pub(crate) load: fn(&[(&str, f64)]) -> Option<CompiledModel>,
}

macro_rules! zoo {
    ($($name:literal $title:literal)*) => {
        &[$(ZooModel {
            name: $name,
            title: $title,
            source: include_str!(concat!("../../kernels-generated/models/", $name, ".sptx")),
            load: |_| None,
        }),*]
    };
}

static MODELS: &[ZooModel] = zoo! {
    "transe" "TransE" "transm" "TransM" "transh" "TransH" "transr" "TransR" "transd" "TransD" "transa" "TransA"
    "transf" "TransF" "transc" "TransC" "toruse" "TorusE" "rescal" "RESCAL" "distmult" "DistMult"
    "complex" "ComplEx" "simple" "SimplE" "quate" "QuatE" "rotate" "RotatE" "pairre" "PairRE" "mure" "MuRE"
    "hake" "HAKE" "boxe" "BoxE"
};

/// Every model.
pub(crate) fn models() -> &'static [ZooModel] {
    MODELS
}

/// The model of a name, letter case counted as nothing.
pub(crate) fn find(name: &str) -> Option<&'static ZooModel> {
    MODELS.iter().find(|model| model.name.eq_ignore_ascii_case(name))
}
