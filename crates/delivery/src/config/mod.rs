//! `updraft.yaml`: what an app says about its environments, checks, releases and load.
//!
//! Every key has a default and no file is needed to begin. An unknown key is an error that names the
//! place and the nearest known key: a misspelt `alpah` must not silently mean "the default".

mod read;
mod schema;
mod tree;

pub use read::{FILE_NAME, TEMPLATE_NAMES, load, parse};
pub use schema::{
    Check, Checks, Config, EnvironmentConfig, Load, LoadRequest, OnInconclusive, ReleaseConfig, Strategy,
};
