//! `embeddings.safetensors` and `metrics.json`: what a run is for.

use std::collections::BTreeMap;

use serde_json::json;
use sptx_runtime::cpu::Engine;
use sptx_runtime::program::DimSize;

use super::RunFolder;
use crate::config::Config;
use crate::dataset::Split;
use crate::error::Result;
use crate::evaluate::Metrics;
use crate::manifest;
use crate::tensors::{self, Tensor};

impl RunFolder {
    /// Writes the tables: one tensor for each plane, named as the model names it, rows first.
    pub(crate) fn write_embeddings(&self, engine: &Engine, config: &Config) -> Result<()> {
        let (model, tables) = (engine.model(), engine.tables());
        let tensors: Vec<Tensor<'_>> = (0..model.planes.len())
            .map(|plane| Tensor {
                name: model.plane_name(plane),
                shape: tensors::shape(engine, plane),
                values: Box::new(move || tables.export(plane).into()),
            })
            .collect();
        Ok(tensors::save(&self.file(Self::EMBEDDINGS), &metadata(engine, config), &tensors)?)
    }

    /// Writes the metrics, and marks the run as ended.
    pub(crate) fn write_metrics(&self, metrics: &BTreeMap<Split, Metrics>) -> Result<()> {
        self.write_json(Self::METRICS, metrics)?;
        let mut manifest = self.manifest()?;
        manifest.embeddings = Some(manifest::file_digest(&self.file(Self::EMBEDDINGS))?);
        manifest.ended = Some(manifest::now());
        Ok(self.write_json(Self::MANIFEST, &manifest)?)
    }

    /// The run's metrics, where it has ended.
    ///
    /// # Errors
    /// When the file cannot be read or has been damaged.
    pub fn metrics(&self) -> Result<BTreeMap<Split, Metrics>> {
        Ok(self.read_json(Self::METRICS)?)
    }
}

/// What a reader of the tables alone needs to know, as JSON.
fn metadata(engine: &Engine, config: &Config) -> BTreeMap<String, String> {
    let model = engine.model();
    let sizes = model.symbols().zip(model.dims.iter().enumerate().filter(|(_, dim)| dim.size == DimSize::Symbol));
    let dims: BTreeMap<&str, usize> =
        sizes.map(|(symbol, (dim, _))| (symbol, engine.tables().tilings()[dim].size())).collect();
    let choices: BTreeMap<&str, f64> =
        model.choices.iter().map(|choice| (choice.name.as_str(), choice.chosen)).collect();
    let given = &config.model.parameters;
    let parameters: BTreeMap<&str, f64> = model
        .parameters
        .iter()
        .map(|parameter| (parameter.name.as_str(), *given.get(&parameter.name).unwrap_or(&parameter.default)))
        .collect();
    [
        ("format", "sptx".to_owned()),
        ("model", model.name.clone()),
        ("dims", json!(dims).to_string()),
        ("choices", json!(choices).to_string()),
        ("parameters", json!(parameters).to_string()),
        ("reciprocal", json!(config.reciprocal).to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}
