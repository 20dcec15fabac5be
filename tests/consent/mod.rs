//! What a person is told before AWS asks for consent, and what programs can count.

mod aws;
mod later;
mod ours;
