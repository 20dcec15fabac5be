//! A fault on request: this operation fails so, or never answers, this many times.

use std::fmt;
use std::str::FromStr;

use super::operation::Operation;
use super::refusal::Refusal;

/// What happens to a request instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The call is refused.
    Refuse(Refusal),
    /// The call is never answered; the connection stays open.
    Hang,
}

/// An [`Effect`] on an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(super) operation: Operation,
    pub(super) effect: Effect,
    /// How many requests are still to be hit; `None`: all.
    pub(super) remaining: Option<u64>,
    /// Which flag it came by.
    pub(super) kind: FaultKind,
    /// As it was asked for, without the count: `CreateToken=503`.
    what: String,
}

/// The flag, and the member of a document, that asks for a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    Fail,
    Error,
    Hang,
}

impl FaultKind {
    pub(super) const ALL: [Self; 3] = [Self::Fail, Self::Error, Self::Hang];

    /// The member's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Hang => "hang",
        }
    }

    /// Reads a fault of this kind.
    pub(super) fn read(self, text: &str) -> Result<Fault, String> {
        match self {
            Self::Fail => Fault::status(text),
            Self::Error => Fault::error(text),
            Self::Hang => Fault::hang(text),
        }
    }
}

impl fmt::Display for Fault {
    /// As it would be asked for now: with what is left of its count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.remaining {
            Some(remaining) => write!(f, "{}x{remaining}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Fault {
    /// Reads `OPERATION=STATUS[xN]`, for `--fail`.
    pub(crate) fn status(text: &str) -> Result<Self, String> {
        let (operation, status, remaining) = parts(text, "OPERATION=STATUS[xN]")?;
        let status = status
            .parse()
            .ok()
            .filter(|status| (400..=599).contains(status))
            .ok_or_else(|| format!("`{status}` isn't an HTTP status of an error (400 to 599)"))?;
        let effect = Effect::Refuse(Refusal::of_status(operation.service(), status));
        let (kind, what) = (FaultKind::Fail, format!("{operation}={status}"));
        Ok(Self { operation, effect, remaining, kind, what })
    }

    /// Reads `OPERATION=ERROR[xN]`, for `--error`.
    pub(crate) fn error(text: &str) -> Result<Self, String> {
        let (operation, name, remaining) = parts(text, "OPERATION=ERROR[xN]")?;
        let refusal = Refusal::named(operation.service(), name).ok_or_else(|| {
            let names = Refusal::names(operation.service());
            format!("`{name}` isn't an error of {operation}; there are {}", names.join(", "))
        })?;
        let (kind, what) = (FaultKind::Error, format!("{operation}={name}"));
        Ok(Self { operation, effect: Effect::Refuse(refusal), remaining, kind, what })
    }

    /// Reads `OPERATION[xN]`, for `--hang`.
    pub(crate) fn hang(text: &str) -> Result<Self, String> {
        let (name, remaining) = times(text)?;
        let operation = Operation::from_str(name)?;
        Ok(Self { operation, effect: Effect::Hang, remaining, kind: FaultKind::Hang, what: name.to_owned() })
    }

    /// Uses up one request of `operation`; `None` if the fault isn't about it or is used up.
    pub(super) fn strike(&mut self, operation: Operation) -> Option<Effect> {
        if self.operation != operation || self.remaining == Some(0) {
            return None;
        }
        self.remaining = self.remaining.map(|remaining| remaining - 1);
        Some(self.effect.clone())
    }
}

fn parts<'a>(text: &'a str, form: &str) -> Result<(Operation, &'a str, Option<u64>), String> {
    let (operation, rest) = text.split_once('=').ok_or_else(|| format!("`{text}` is not {form}"))?;
    let (what, remaining) = times(rest)?;
    Ok((Operation::from_str(operation)?, what, remaining))
}

/// Splits `503x2` into `503` and 2. No operation or error has a name that ends so.
fn times(text: &str) -> Result<(&str, Option<u64>), String> {
    match text.rsplit_once('x') {
        Some((what, count)) if !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok((what, Some(count.parse().map_err(|_| format!("`{count}` times is too often"))?)))
        }
        _ => Ok((text, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_its_operation_as_often_as_asked() {
        let mut fault = Fault::status("CreateToken=503x2").unwrap();
        assert_eq!(fault.strike(Operation::Logout), None);
        assert!(fault.strike(Operation::CreateToken).is_some());
        assert!(fault.strike(Operation::CreateToken).is_some());
        assert_eq!(fault.strike(Operation::CreateToken), None);

        let mut fault = Fault::hang("GetCallerIdentity").unwrap();
        assert_eq!(fault.strike(Operation::GetCallerIdentity), Some(Effect::Hang));
        assert_eq!(fault.remaining, None);
    }

    #[test]
    fn errors_go_by_either_name_and_by_service() {
        let code = Fault::error("CreateToken=invalid_grantx1").unwrap();
        let exception = Fault::error("CreateToken=InvalidGrantExceptionx1").unwrap();
        assert_eq!(code.effect, exception.effect);
        assert!(Fault::error("ListAccounts=TooManyRequestsException").is_ok());
        assert!(Fault::error("ListAccounts=invalid_grant").unwrap_err().contains("TooManyRequestsException"));
    }

    #[test]
    fn nonsense_is_refused_with_what_would_do() {
        for text in
            ["CreateToken", "CreateToken=", "CreateToken=200", "CreateToken=600", "Create=503", "=503"]
        {
            assert!(Fault::status(text).is_err(), "{text}");
        }
        assert!(Fault::status("CreateToken=503x99999999999999999999").is_err());
        assert!(Fault::hang("Nothing").unwrap_err().contains("RegisterClient"));
    }
}
