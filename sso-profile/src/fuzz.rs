//! Fuzz target: any config file is edited byte for byte, or refused.

use crate::aws_config::AwsConfig;
use crate::config::Role;
use crate::section_edit::{SectionEdit, edit};

/// A key that is set is read back; setting it again changes nothing; what an edit refuses is whole.
#[test]
fn config_files() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let _ = AwsConfig::of_text(&text).map(|config| config.profiles().count());
        let change = SectionEdit {
            role: Role::Profile("corp".to_owned()),
            set: vec![("region", "eu-west-1".to_owned())],
            remove: vec!["sso_start_url"],
            mark: None,
        };
        let Ok(edited) = edit(&text, std::slice::from_ref(&change), &[]) else { return };
        assert_eq!(edit(&edited, std::slice::from_ref(&change), &[]).unwrap(), edited);
        let left = edit(&edited, &[], &[Role::Profile("corp".to_owned())]);
        assert!(left.is_err() || !AwsConfig::of_text(&left.unwrap()).unwrap().contains("corp"));
    });
}
