//! What is printed: tables for people, JSON for machines, pictures for both.
//!
//! What decides never renders: here are values in, text out.

pub mod curves;
pub mod json;
pub mod table;
pub mod text;
