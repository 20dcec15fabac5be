//! The tokens that a sign-in gives: signed, checked, and whose key says so.

pub(crate) mod claims;
pub(crate) mod crypto;
pub(crate) mod keys;
pub(crate) mod sign_ins;
