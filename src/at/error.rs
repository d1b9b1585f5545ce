//! Why a command failed: the numbers that AT+SYSLOG=1 shows as `ERR CODE:0x01SSEEEE`.

/// A failed command's code (specification of AT+SYSLOG: 01 module, SS category, EEEE extension).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    value: u32,
    /// What was printed of it first; 0: nothing.
    cause: u32,
}

/// What is wrong with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There are too many or too few of them.
    Count,
    /// It can't be read, is left out, or is of another type.
    Unreadable,
    /// It is too long, or too short.
    Length,
    /// Its value is not allowed.
    Value,
}

/// MQTT's extensions of [`ErrorCode::FAILED`] begin here.
const MQTT: u32 = 0x6000;

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
        ErrorCode { value: 0x0100_0000 | (category << 16) | (extension & 0xffff), cause: 0 }
    }

    /// One about parameter `index`.
    fn about(category: u32, index: usize) -> ErrorCode {
        ErrorCode::of(category, u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The command could not be carried out, for this reason of the firmware's clients: 0x6000 and up of MQTT, 0x7000
    /// and up of HTTP.
    pub fn failed(reason: u16) -> ErrorCode {
        ErrorCode::of(0x0a, u32::from(reason))
    }

    /// Parameter `index` (counted from 0: a guess, no capture shows it) is too long.
    pub fn length(index: usize) -> ErrorCode {
        ErrorCode::about(0x04, index)
    }

    /// Parameter `index` is a string where a number is expected, or the other way round.
    pub fn wrong_type(index: usize) -> ErrorCode {
        ErrorCode::about(0x05, index)
    }

    /// `given` parameters where `need` are expected.
    pub fn count(need: usize, given: usize) -> ErrorCode {
        let ([need, ..], [given, ..]) = (need.to_le_bytes(), given.to_le_bytes());
        ErrorCode::of(0x06, u32::from(u16::from_be_bytes([need, given])))
    }

    /// The value of parameter `index` is not allowed.
    pub fn invalid(index: usize) -> ErrorCode {
        ErrorCode::about(0x07, index)
    }

    /// Parameter `index` can't be read.
    pub fn unreadable(index: usize) -> ErrorCode {
        ErrorCode::about(0x08, index)
    }

    /// A code of the MQTT commands, such as 0x6051.
    pub const fn mqtt(extension: u16) -> ErrorCode {
        // `From` is no const function; nothing is lost in something wider.
        ErrorCode::of(0x0a, extension as u32)
    }

    /// The same, with this one printed before it.
    pub fn after(self, cause: ErrorCode) -> ErrorCode {
        ErrorCode { cause: cause.value, ..self }
    }

    /// What is wrong with which parameter, counted from 0, when it is about one.
    pub fn fault(self) -> Option<(Fault, usize)> {
        let [low, high, category, _] = self.value.to_le_bytes();
        let index = usize::from(u16::from_le_bytes([low, high]));
        Some(match category {
            0x04 => (Fault::Length, index),
            0x05 | 0x08 => (Fault::Unreadable, index),
            0x06 => (Fault::Count, 0),
            0x07 => (Fault::Value, index),
            _ => return None,
        })
    }

    /// The line of the log port, when there is one.
    pub fn log_text(self) -> Option<String> {
        let extension = self.value & 0xffff;
        let mqtt = self.value >> 16 == 0x10a && (MQTT..0x7000).contains(&extension);
        mqtt.then(|| format!("[at-mqtt]error code:0x{extension:04x}"))
    }

    /// The number as printed.
    pub fn value(self) -> u32 {
        self.value
    }

    /// The numbers as printed, in their order.
    pub fn values(self) -> impl Iterator<Item = u32> {
        [self.cause, self.value].into_iter().filter(|value| *value != 0)
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

    #[test]
    fn an_mqtt_code_stands_behind_that_of_the_parameter_as_a_log_shows() {
        let code = ErrorCode::mqtt(0x6044).after(ErrorCode::unreadable(2));
        assert_eq!(code.values().collect::<Vec<_>>(), [0x0108_0002, 0x010a_6044], "esp-at#647");
        assert_eq!(code.log_text().as_deref(), Some("[at-mqtt]error code:0x6044"));
        assert_eq!(ErrorCode::FAILED.log_text(), None);
    }
}
