//! The config at the time a plan is made.

use crate::aws_config::AwsConfig;
use crate::ini::source_text::Source;

/// The config at the time a plan is made.
pub(crate) struct Before<'t> {
    /// What both files say.
    pub(crate) config: AwsConfig,
    /// The config file's text.
    pub(crate) source: Source<'t>,
}
