public import Base
import CArgon2

/// A hash by argon2id in the PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
public struct Argon2Hash: Sendable, Equatable {
    /// What computing it costs.
    public let cost: Argon2Cost
    /// What makes the same password hash differently each time.
    public let salt: Bytes
    /// The hash itself.
    public let hash: Bytes

    /// How long a salt may be.
    static let saltBytesRange = 8...64
    /// How long a hash may be.
    static let hashBytesRange = 16...64
    /// No string that is understood is longer.
    static let textBytesMax = 256
    private static let start = "$argon2id$v=19$"

    init(cost: Argon2Cost, salt: Bytes, hash: Bytes) {
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// Reads the string, and only the one form that `text` writes.
    public init(_ text: String) throws(PasswordError) {
        guard text.utf8.count <= Self.textBytesMax, text.utf8.allSatisfy({ $0 < 0x80 }),
            text.hasPrefix(Self.start)
        else { throw .malformedHash }
        let parts = text.dropFirst(Self.start.count).split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformedHash }
        let numbers = parts[0].split(separator: ",", omittingEmptySubsequences: false)
        guard numbers.count == 3, let memory = Self.number("m=", numbers[0]),
            let passes = Self.number("t=", numbers[1]), let lanes = Self.number("p=", numbers[2]),
            let salt = Self.decode(parts[1]), Self.saltBytesRange.contains(salt.count),
            let hash = Self.decode(parts[2]), Self.hashBytesRange.contains(hash.count)
        else { throw .malformedHash }
        guard let cost = Argon2Cost(memoryKiB: memory, passes: passes, lanes: lanes) else { throw .tooCostly }
        self.init(cost: cost, salt: salt, hash: hash)
    }

    /// The string.
    public var text: String {
        "\(Self.start)m=\(cost.memoryKiB),t=\(cost.passes),p=\(cost.lanes)"
            + "$\(Self.encode(salt))$\(Self.encode(hash))"
    }

    /// Computes a hash of a password.
    static func compute(
        _ password: Bytes, cost: Argon2Cost, salt: Bytes, hashBytes: Int,
        key: Bytes = Bytes(), associated: Bytes = Bytes()
    ) throws(PasswordError) -> Argon2Hash {
        // C takes pointers that it could write through; it does not, but it gets copies.
        var password = password.array
        var salt_ = salt.array
        var key = key.array
        var associated = associated.array
        var status: CInt = 0
        let hash = unsafe [UInt8](unsafeUninitializedCapacity: hashBytes) { target, initialized in
            status = unsafe run(target, &password, &salt_, &key, &associated, cost)
            initialized = status == ARGON2_OK.rawValue ? hashBytes : 0
        }
        switch status {
        case ARGON2_OK.rawValue: return Argon2Hash(cost: cost, salt: salt, hash: Bytes(hash))
        case ARGON2_MEMORY_ALLOCATION_ERROR.rawValue: throw .outOfMemory
        default: throw .malformedHash
        }
    }

    private static func run(
        _ target: UnsafeMutableBufferPointer<UInt8>, _ password: inout [UInt8], _ salt: inout [UInt8],
        _ key: inout [UInt8], _ associated: inout [UInt8], _ cost: Argon2Cost
    ) -> CInt {
        unsafe password.withUnsafeMutableBufferPointer { password in
            unsafe salt.withUnsafeMutableBufferPointer { salt in
                unsafe key.withUnsafeMutableBufferPointer { key in
                    unsafe associated.withUnsafeMutableBufferPointer { associated in
                        var context = unsafe argon2_context()
                        unsafe context.out = target.baseAddress
                        unsafe context.outlen = UInt32(target.count)
                        unsafe context.pwd = password.baseAddress
                        unsafe context.pwdlen = UInt32(password.count)
                        unsafe context.salt = salt.baseAddress
                        unsafe context.saltlen = UInt32(salt.count)
                        unsafe context.secret = key.isEmpty ? nil : key.baseAddress
                        unsafe context.secretlen = UInt32(key.count)
                        unsafe context.ad = associated.isEmpty ? nil : associated.baseAddress
                        unsafe context.adlen = UInt32(associated.count)
                        unsafe context.t_cost = UInt32(cost.passes)
                        unsafe context.m_cost = UInt32(cost.memoryKiB)
                        unsafe context.lanes = UInt32(cost.lanes)
                        // The library would start a thread a lane; whoever calls has given this one.
                        unsafe context.threads = 1
                        unsafe context.version = ARGON2_VERSION_13.rawValue
                        return unsafe argon2id_ctx(&context)
                    }
                }
            }
        }
    }

    /// A number without sign and leading zeros, behind its name.
    private static func number(_ name: String, _ text: Substring) -> Int? {
        guard text.hasPrefix(name) else { return nil }
        let digits = text.dropFirst(name.count)
        guard (1...10).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.first != "0" || digits.count == 1
        else { return nil }
        return Int(digits)
    }

    /// PHC strings have the standard alphabet, without padding.
    private static func decode(_ text: Substring) -> Bytes? {
        guard !text.utf8.contains(UInt8(ascii: "=")) else { return nil }
        return Base64.standard.decode(text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
    }

    private static func encode(_ bytes: Bytes) -> String {
        var text = Base64.standard.encode(bytes)
        while text.last == "=" { text.removeLast() }
        return text
    }
}
