//! Hold a named lock while a command runs.
