//! Knowledge graph embeddings from score functions you declare: the facade crate and the command.
