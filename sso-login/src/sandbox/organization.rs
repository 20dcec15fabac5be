//! The accounts and roles of the made-up organisation.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
}

/// The account of the profiles `demo` and `demo-admin`.
pub(super) const FIRST_ACCOUNT: &str = "111122223333";
/// The account of the profile `other`.
pub(super) const SECOND_ACCOUNT: &str = "444455556666";
/// The role of the profiles `demo` and `other`.
pub(super) const DEVELOPER: &str = "Developer";
/// The role of the profile `demo-admin`.
pub(super) const ADMINISTRATOR: &str = "Administrator";

/// Accounts with the same roles each, computed when asked for: ten thousand cost nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Organization {
    accounts: usize,
    roles: usize,
}

impl Organization {
    pub(super) fn new(accounts: usize, roles: usize) -> Self {
        Self { accounts, roles }
    }

    pub(super) fn accounts(&self) -> impl ExactSizeIterator<Item = Account> + use<> {
        (0..self.accounts).map(account)
    }

    pub(super) fn roles(&self) -> impl ExactSizeIterator<Item = String> + use<> {
        (0..self.roles).map(|index| match index {
            0 => DEVELOPER.to_owned(),
            1 => ADMINISTRATOR.to_owned(),
            2 => "ReadOnly".to_owned(),
            _ => format!("Role{:04}", index + 1),
        })
    }

    pub(super) fn has_account(&self, id: &str) -> bool {
        self.accounts().any(|account| account.id == id)
    }

    /// Whether the user has this role in this account.
    pub(super) fn is_assigned(&self, account_id: &str, role_name: &str) -> bool {
        self.has_account(account_id) && self.roles().any(|role| role == role_name)
    }
}

fn account(index: usize) -> Account {
    match index {
        0 => named(FIRST_ACCOUNT, "Demo"),
        1 => named(SECOND_ACCOUNT, "Other"),
        _ => named(&format!("{:012}", 900_000_000_000 + index + 1), &format!("Account {:04}", index + 1)),
    }
}

fn named(id: &str, name: &str) -> Account {
    let mailbox = name.to_lowercase().replace(' ', "-");
    Account { id: id.to_owned(), name: name.to_owned(), email: format!("aws+{mailbox}@example.com") }
}
