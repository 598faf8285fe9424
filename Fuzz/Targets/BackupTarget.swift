import Base
import Crypto
import Kernel
import Synchronization

/// Checks the input as a backup, and once more with the checksum that belongs to it: whoever writes a file can do that.
@Sendable func fuzzBackup(_ bytes: Bytes) {
    _ = isWhole(bytes)
    let body = Bytes("HELIOGRAPH BACKUP 1\n".utf8 + bytes.array + [4, 0, 0, 0, 0])
    let summed = Bytes(body.array + SHA256.hash(body).array)
    let once = isWhole(summed)
    expect(once == isWhole(summed), "the same file is the same twice")
    if once { expect(!isWhole(Bytes(summed.array + [0])), "nothing follows a backup") }
}

private func isWhole(_ bytes: Bytes) -> Bool {
    let place = Mutex(0)
    do {
        _ = try Restore.check { count in
            place.withLock { place in
                let count = min(count, bytes.count - place)
                defer { place += count }
                return bytes.part(place, count)
            }
        }
        return true
    } catch {
        expect(error is BackupError, "what is wrong with a backup is a BackupError")
        return false
    }
}
