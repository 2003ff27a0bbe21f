//! Numbers as people read them: short, with their unit.

/// `0`, `0.4`, `12.3`, `182`, `12,345`: one decimal below a hundred, none above.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let tenths = (value * 10.0).round();
    if tenths == 0.0 {
        "0".to_owned()
    } else if tenths.abs() < 1_000.0 {
        format!("{value:.1}")
    } else {
        whole(value)
    }
}

/// `12,345`.
pub fn whole(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    if value < 0.0 && digits != "0" {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share of one as `0.4 %`.
pub fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// Seconds as `0.4 ms`, `12 ms`, `1.9 s`.
pub fn seconds(secs: f64) -> String {
    let millis = secs * 1_000.0;
    if millis < 9.95 {
        format!("{millis:.1} ms")
    } else if millis < 999.5 {
        format!("{millis:.0} ms")
    } else {
        format!("{secs:.1} s")
    }
}

/// `17 B`, `52.1 KiB`, `8.0 MiB`.
pub fn bytes(bytes: f64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if !bytes.is_finite() {
        return "-".to_owned();
    }
    if bytes < 1_023.5 {
        return format!("{bytes:.0} B");
    }
    let mut scaled = bytes / 1_024.0;
    let mut unit = 0;
    while scaled >= 1_023.95 && unit + 1 < UNITS.len() {
        scaled /= 1_024.0;
        unit += 1;
    }
    format!("{scaled:.1} {}", UNITS[unit])
}

/// `0:42`, `12:05`, `1:02:03`.
pub fn clock(running: std::time::Duration) -> String {
    let secs = running.as_secs();
    let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{secs:02}")
    } else {
        format!("{minutes}:{secs:02}")
    }
}

/// One bar for each value, the highest as high as a line: `▁▂▅█`.
pub fn bars(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let highest = values.iter().copied().fold(0.0, f64::max);
    values
        .iter()
        .map(|value| {
            let height = if highest > 0.0 { value / highest } else { 0.0 };
            // A float becomes the nearest index in range, NaN becomes 0.
            BARS[((height * 8.0) as usize).min(7)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn numbers_are_short_and_have_their_unit() {
        let numbers = [
            0.0,
            0.04,
            0.06,
            12.34,
            99.94,
            99.96,
            182.4,
            1_234_567.0,
            -1_234.0,
            f64::NAN,
        ];
        assert_eq!(
            numbers.map(number),
            [
                "0",
                "0",
                "0.1",
                "12.3",
                "99.9",
                "100",
                "182",
                "1,234,567",
                "-1,234",
                "-"
            ]
        );
        assert_eq!([0.0, -0.2, 999.0, 1_000.0].map(whole), ["0", "0", "999", "1,000"]);
        assert_eq!([0.0, 0.004, 1.0].map(percent), ["0 %", "0.4 %", "100 %"]);
        assert_eq!(
            [0.0, 0.0004, 0.00996, 0.25, 0.9996, 12.0].map(seconds),
            ["0.0 ms", "0.4 ms", "10 ms", "250 ms", "1.0 s", "12.0 s"]
        );
        assert_eq!(
            [0.0, 1_023.0, 1_023.7, 53_350.0, 1_048_570.0, 1e18].map(bytes),
            ["0 B", "1023 B", "1.0 KiB", "52.1 KiB", "1.0 MiB", "909494.7 TiB"]
        );
        assert_eq!(
            [42, 725, 3_723].map(|secs| clock(Duration::from_secs(secs))),
            ["0:42", "12:05", "1:02:03"]
        );
    }

    #[test]
    fn bars_are_relative_to_the_highest() {
        assert_eq!(bars(&[0.0, 1.0, 4.0, 8.0]), "▁▂▅█");
        assert_eq!(bars(&[0.0, 0.0]), "▁▁");
        assert_eq!(bars(&[f64::NAN, -1.0, 1.0]), "▁▁█");
        assert_eq!(bars(&[]), "");
    }
}
