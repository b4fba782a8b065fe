//! In which wave a bundle is published, and how long after the first.

/// When a bundle is published (section 11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wave {
    /// The number of the wave, from 1: `publish_wave`.
    pub number: u32,
    /// Seconds after the first wave: `publish_offset_seconds`.
    pub offset_seconds: u32,
}

/// The wave of the bundle at `place`, from 0, by cumulative thresholds such as 3, 5, 10, 20, 40: what lies beyond the last
/// one makes a wave of its own.
pub fn wave_at(place: usize, thresholds: &[usize]) -> Wave {
    let before = thresholds.iter().filter(|threshold| **threshold <= place).count() as u32;
    let offset_seconds = match before {
        0 => 0,
        1 => 10,
        2 => 30,
        _ => 60,
    };
    Wave { number: before + 1, offset_seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_come_at_once_two_more_later_and_so_on() {
        let thresholds = [3, 5, 10, 20, 40];
        let waves: Vec<(u32, u32)> = [0, 2, 3, 4, 5, 9, 10, 19, 20, 39, 40, 99]
            .map(|place| wave_at(place, &thresholds))
            .map(|wave| (wave.number, wave.offset_seconds))
            .to_vec();
        let expected =
            [(1, 0), (1, 0), (2, 10), (2, 10), (3, 30), (3, 30), (4, 60), (4, 60), (5, 60), (5, 60), (6, 60), (6, 60)];
        assert_eq!(waves, expected);
        assert_eq!(wave_at(7, &[]), Wave { number: 1, offset_seconds: 0 });
    }
}
