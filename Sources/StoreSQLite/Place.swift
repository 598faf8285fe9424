import Synchronization

/// Where somebody stands in a line; 0 until they do.
///
/// Read and written under the lock of the line.
final class Place: Sendable {
    let number = Atomic<UInt64>(0)
}
