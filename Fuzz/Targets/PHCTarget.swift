import Base
import Crypto

/// Strings of stored hashes: what is read is within the bounds, and has one form.
@Sendable func fuzzPHC(_ bytes: Bytes) {
    let text = bytes.repairedText
    do throws(PasswordError) {
        let hash = try Argon2Hash(text)
        expect(Array(hash.text.utf8) == Array(text.utf8), "a string has one form: \(hash.text)")
        expect(hash.cost.memoryKiB <= Argon2Cost.memoryKiBMax, "memory is bounded")
        expect(hash.cost.memoryKiB * hash.cost.passes <= Argon2Cost.filledKiBMax, "work is bounded")
        // Running each would leave no time for strings.
        if hash.cost.memoryKiB <= 64 {
            _ = try PasswordHasher().verify(Secret("password"), against: text)
        }
    } catch {
        expect(error == .malformedHash || error == .tooCostly, "reading knows two errors: \(error)")
    }
    do throws(PasswordError) {
        let hash = try BcryptHash(text)
        expect(Array(hash.text.utf8) == Array(text.utf8), "a string has one form")
        expect((4...BcryptHash.costMax).contains(hash.cost), "work is bounded")
        if hash.cost == 4 { _ = try PasswordHasher().verify(Secret("U*U"), against: text) }
    } catch {
        expect(error == .malformedHash || error == .tooCostly, "reading knows two errors: \(error)")
    }
}
