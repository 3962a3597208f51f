//! Datasets, samplers, losses, optimizers and evaluation for knowledge graph embeddings.
