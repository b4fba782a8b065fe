//! A lattice: by subset of a few items, as bits, how many transactions hold it.

/// Adds to each subset what the sets that contain it have: 2^k sums in k passes.
pub fn sum_supersets(lattice: &mut [u32]) {
    let mut width = 1;
    while width < lattice.len() {
        for pair in lattice.chunks_exact_mut(2 * width) {
            let (without, with) = pair.split_at_mut(width);
            for (sum, more) in without.iter_mut().zip(with) {
                *sum += *more;
            }
        }
        width *= 2;
    }
}
