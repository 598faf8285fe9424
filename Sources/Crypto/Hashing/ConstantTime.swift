public import Base
import COpenSSL

/// Comparison of secrets.
public enum ConstantTime {
    /// Whether two secrets are equal, in a time that depends on their lengths alone.
    public static func equal(_ one: Bytes, _ other: Bytes) -> Bool {
        guard one.count == other.count else { return false }
        return unsafe one.withUnsafeBytes { one in
            unsafe other.withUnsafeBytes { other in
                unsafe CRYPTO_memcmp(one.baseAddress, other.baseAddress, one.count) == 0
            }
        }
    }
}
