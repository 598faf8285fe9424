package import Base
import Crypto
import Glibc

/// A file with the keys of the vault, which nobody but its owner can read.
///
/// One key a line, the current one first: `2:HEX 2026-11-21T10:54:37.000Z`. Lines that begin with `#` say nothing.
package struct KeyFile: Sendable {
    /// Where it is.
    package let path: String

    /// The name of the file that is made in the data folder.
    package static let name = "encryption.keys"
    /// No file of keys is larger.
    static let bytesMax = 16_384

    /// A file, which may not be there yet.
    package init(_ path: String) { self.path = path }

    /// The file of the data folder; made, with a fresh key, where there is none.
    ///
    /// Of two programs that start at once one makes it, and both have its key.
    package static func openOrCreate(
        _ folder: String, now: Timestamp
    ) throws(VaultError) -> (ring: KeyRing, file: KeyFile, isNew: Bool) {
        let file = KeyFile(folder + "/" + name)
        if unsafe access(file.path, F_OK) == 0 { return (try file.read(), file, false) }
        if unsafe mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw KeyFileAccess.failure("make", folder, errno)
        }
        let ring = try KeyRing([VaultKey.random(id: 1, createdAt: now)])
        let isNew = try KeyFileAccess(file.path).put(text(ring), replaces: false)
        return (isNew ? ring : try file.read(), file, isNew)
    }

    /// The keys; refused where others than the owner can read them.
    package func read() throws(VaultError) -> KeyRing {
        let bytes = try KeyFileAccess(path).read(bytesMax: Self.bytesMax)
        guard let text = bytes.text else { throw VaultError(.malformedKeys, "\(path) is no text") }
        var keys: [VaultKey] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            guard (1...2).contains(words.count) else {
                throw VaultError(.malformedKeys, "\(path) has a line that is no key")
            }
            var createdAt: Timestamp?
            if words.count == 2 {
                createdAt = Timestamp(rfc3339: Bytes(words[1]))
                guard createdAt != nil else {
                    throw VaultError(.malformedKeys, "\(path) has a key with a time that is none")
                }
            }
            keys.append(try VaultKey.parse(words[0], createdAt: createdAt))
        }
        return try KeyRing(keys)
    }

    /// Adds a fresh key that seals from now on; returns all of them once that is on disk.
    package func add(now: Timestamp) throws(VaultError) -> KeyRing {
        try change { ring throws(VaultError) in try ring.adding(at: now) }
    }

    /// Adds a fresh key in second place, so that every node can open what it seals before one of them seals with it.
    ///
    /// Its number is higher than those in the file and than `floor`.
    package func introduce(now: Timestamp, above floor: UInt32) throws(VaultError) -> KeyRing {
        try change { ring throws(VaultError) in try ring.introducing(at: now, above: floor) }
    }

    /// Moves a key to the first place: it seals from now on.
    package func promote(_ id: UInt32) throws(VaultError) -> KeyRing {
        try change { ring throws(VaultError) in try ring.promoting(id) }
    }

    /// Removes a key, which must not be the current one; returns those that are left.
    ///
    /// What that key sealed is lost: rotate first.
    package func remove(_ id: UInt32) throws(VaultError) -> KeyRing {
        try change { ring throws(VaultError) in try ring.removing(id) }
    }

    /// Tells one content from another without reading it; nil where nothing is there.
    package var signature: Signature? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Signature(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), mode: status.st_mode,
            seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
    }

    /// What changes whenever a file does.
    package struct Signature: Sendable, Equatable {
        let inode: UInt64
        let size: Int64
        let mode: UInt32
        let seconds: Int64
        let nanoseconds: Int64
    }

    /// Reads, changes and replaces the file; two programs that do so at once would lose a key, so one is refused.
    private func change(
        _ body: (KeyRing) throws(VaultError) -> KeyRing
    ) throws(VaultError) -> KeyRing {
        let access = KeyFileAccess(path)
        return try access.locked { () throws(VaultError) in
            let ring = try body(read())
            _ = try access.put(Self.text(ring), replaces: true)
            return ring
        }
    }

    private static func text(_ ring: KeyRing) -> Bytes {
        var text = "# The keys that stored secrets are encrypted with, the current one first.\n"
        text += "# Without them those secrets are lost: keep a copy, apart from that of the database.\n"
        for key in ring.keys {
            text += "\(key.id):\(Hex.encode(key.secret.reveal()))"
            text += (key.createdAt.map { " " + $0.rfc3339 } ?? "") + "\n"
        }
        return Bytes(text)
    }
}
