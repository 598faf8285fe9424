import Base
import CCrypt

/// A hash by bcrypt, as other systems keep it: `$2b$12$` and 53 characters.
///
/// It is compared with, and never made.
public struct BcryptHash: Sendable, Equatable {
    /// The string.
    public let text: String
    /// How much work it is: 2 to this power.
    public let cost: Int

    /// The longest password; bcrypt itself would cut off the rest and say nothing.
    public static let passwordBytesMax = 72
    /// The highest cost that is ever run, about a second of one core.
    public static let costMax = 14
    private static let digits = Array("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// Reads the string strictly: the right length and alphabet, no stray bits.
    public init(_ text: String) throws(PasswordError) {
        let bytes = Array(text.utf8)
        guard bytes.count == 60, ["$2a$", "$2b$", "$2y$"].contains(where: text.hasPrefix), bytes[6] == 0x24,
            (0x30...0x33).contains(bytes[4]), (0x30...0x39).contains(bytes[5])
        else { throw .malformedHash }
        let values = bytes[7...].map { Self.digits.firstIndex(of: $0) }
        // 16 bytes of salt leave four bits over in 22 digits, 23 of hash two in 31.
        guard !values.contains(nil), let salt = values[21], salt & 15 == 0, let hash = values[52],
            hash & 3 == 0
        else { throw .malformedHash }
        let cost = Int(bytes[4] - 0x30) * 10 + Int(bytes[5] - 0x30)
        guard (4...31).contains(cost) else { throw .malformedHash }
        guard cost <= Self.costMax else { throw .tooCostly }
        self.text = text
        self.cost = cost
    }

    /// Whether it is the hash of a password; takes as long for a nearly right one.
    func matches(_ password: Bytes) throws(PasswordError) -> Bool {
        guard password.count <= Self.passwordBytesMax else { throw .tooLong(bytesMax: Self.passwordBytesMax) }
        guard !password.contains(0) else { throw .unsuitable }
        var computed = [CChar](repeating: 0, count: 64)
        let phrase = password.array.map { CChar(bitPattern: $0) } + [0]
        let done = unsafe hg_crypt(phrase, text, &computed, computed.count)
        guard done == 1 else { throw .outOfMemory }
        let hash = computed.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return ConstantTime.equal(Bytes(hash), Bytes(text))
    }
}
