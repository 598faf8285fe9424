public import Base
import COpenSSL

/// Bytes that nobody can predict.
public enum SecureRandom {
    /// So many fresh bytes.
    public static func bytes(_ count: Int) -> Bytes {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let done = unsafe RAND_bytes(buffer.baseAddress, CInt(buffer.count))
            // Going on with bytes that can be guessed would be worse than stopping.
            precondition(done == 1, "the system gives no randomness")
            initialized = count
        }
        return Bytes(bytes)
    }
}
