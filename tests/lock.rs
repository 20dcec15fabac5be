//! Whole `sso-lock` processes.
