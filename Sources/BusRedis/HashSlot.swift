package import Base

/// Where in a Redis Cluster a key lives.
package enum HashSlot {
    /// How many slots a cluster has.
    package static let count = 16_384

    private static let table: [UInt16] = (0..<256).map { byte in
        (0..<8).reduce(UInt16(byte) << 8) { crc, _ in crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
    }

    /// The slot of a key: of the part in its first braces, where that is not empty, else of all of it.
    package static func slot(of key: Bytes) -> Int {
        Int(crc16(hashed(key))) % count
    }

    private static func hashed(_ key: Bytes) -> Bytes {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return key }
        let inner = key[open + 1..<key.count]
        guard let close = inner.firstIndex(of: UInt8(ascii: "}")), close > 0 else { return key }
        return inner[0..<close]
    }

    private static func crc16(_ bytes: Bytes) -> UInt16 {
        var crc: UInt16 = 0
        for byte in bytes { crc = crc << 8 ^ table[Int(UInt8(truncatingIfNeeded: crc >> 8) ^ byte)] }
        return crc
    }
}
