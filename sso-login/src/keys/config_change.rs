//! A profile that was written into the person's config, as what takes it out again.

use sso_profile::AwsConfig;
use sso_profile::snapshot::Snapshot;
use sso_tool::settings::Settings;

/// A profile in the person's config, and the file before and after.
pub(super) struct ConfigChange {
    pub(super) name: String,
    pub(super) before: Snapshot,
    pub(super) since: Snapshot,
}

impl ConfigChange {
    /// Puts the file back, byte for byte. If somebody else changed it meanwhile, that stays, and only a profile that is new
    /// is taken out.
    pub(super) fn undo(&self, settings: &Settings) -> anyhow::Result<()> {
        if self.before.put_back(&self.since)? {
            return Ok(());
        }
        // Where it was read and which endpoints it has is not the profile's own.
        let profile = |config: &AwsConfig| {
            let profile = config.profile(&self.name)?;
            let own =
                profile.map(|profile| (profile.sso, profile.account_id, profile.role_name, profile.region));
            anyhow::Ok(own)
        };
        if profile(&AwsConfig::load(settings)?)? != profile(&AwsConfig::of_text(self.since.text())?)? {
            return Ok(());
        }
        let was_there = AwsConfig::of_text(self.before.text())?.contains(&self.name);
        anyhow::ensure!(!was_there, "it was changed meanwhile, and still has the new profile");
        sso_profile::remove_profile(&self.name, settings)
    }
}
