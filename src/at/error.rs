//! Why a command failed: the numbers that AT+SYSLOG=1 shows as `ERR CODE:0x01SSEEEE`.

/// A failed command's code (specification of AT+SYSLOG: 01 module, SS category, EEEE extension).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode(u32);

impl ErrorCode {
    /// The line does not start with AT, or is too long.
    pub const NO_AT: ErrorCode = ErrorCode::of(0x03, 0);
    /// There is no such command.
    pub const UNSUPPORTED: ErrorCode = ErrorCode::of(0x09, 0);
    /// The command could not be carried out.
    pub const FAILED: ErrorCode = ErrorCode::of(0x0a, 0);
    /// Another command is still running.
    pub const BUSY: ErrorCode = ErrorCode::of(0x0b, 0);
    /// The command exists, but not in this form. Which of 0x09 and 0x0C a real module gives is not
    /// established; this one says more.
    pub const WRONG_FORM: ErrorCode = ErrorCode::of(0x0c, 0);

    const fn of(category: u32, extension: u32) -> ErrorCode {
        ErrorCode(0x0100_0000 | (category << 16) | (extension & 0xffff))
    }

    /// The command could not be carried out, for this reason of the firmware's clients: 0x6000 and up of MQTT, 0x7000
    /// and up of HTTP.
    pub fn failed(reason: u16) -> ErrorCode {
        ErrorCode::of(0x0a, u32::from(reason))
    }

    /// Parameter `index` (counted from 0: a guess, no capture shows it) is too long.
    pub fn length(index: usize) -> ErrorCode {
        ErrorCode::of(0x04, index as u32)
    }

    /// Parameter `index` is a string where a number is expected, or the other way round.
    pub fn wrong_type(index: usize) -> ErrorCode {
        ErrorCode::of(0x05, index as u32)
    }

    /// `given` parameters where `need` are expected.
    pub fn count(need: usize, given: usize) -> ErrorCode {
        ErrorCode::of(0x06, ((need as u32 & 0xff) << 8) | (given as u32 & 0xff))
    }

    /// The value of parameter `index` is not allowed.
    pub fn invalid(index: usize) -> ErrorCode {
        ErrorCode::of(0x07, index as u32)
    }

    /// Parameter `index` can't be read.
    pub fn unreadable(index: usize) -> ErrorCode {
        ErrorCode::of(0x08, index as u32)
    }

    /// The number as printed.
    pub fn value(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_count_says_what_was_needed_and_given() {
        assert_eq!(ErrorCode::count(2, 3).value(), 0x0106_0203, "AT+CWLAPOPT=1,31,-100 on v2.1");
        assert_eq!(ErrorCode::UNSUPPORTED.value(), 0x0109_0000);
        assert_eq!(ErrorCode::FAILED.value(), 0x010a_0000);
    }
}
