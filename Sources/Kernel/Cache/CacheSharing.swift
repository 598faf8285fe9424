package import Base
package import Bus

/// How the caches of several nodes know of each other.
package struct CacheSharing<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// How values are kept on the bus, so that what one node has loaded the others need not.
    package struct Storage: Sendable {
        let encode: @Sendable (Value) -> Bytes
        let decode: @Sendable (Bytes) -> Value?
        let timeToLive: Duration

        /// Values in a form of bytes; what cannot be decoded is loaded.
        package init(
            timeToLive: Duration, encode: @escaping @Sendable (Value) -> Bytes,
            decode: @escaping @Sendable (Bytes) -> Value?
        ) {
            self.timeToLive = timeToLive
            self.encode = encode
            self.decode = decode
        }
    }

    let bus: any Bus
    let storage: Storage?
    let text: @Sendable (Key) -> String
    let key: @Sendable (String) -> Key?

    /// Shares what is out of date, and with a storage the values too.
    package init(
        _ bus: any Bus, storage: Storage? = nil, text: @escaping @Sendable (Key) -> String,
        key: @escaping @Sendable (String) -> Key?
    ) {
        self.bus = bus
        self.storage = storage
        self.text = text
        self.key = key
    }
}

extension CacheSharing where Key: LosslessStringConvertible {
    /// Shares what is out of date, and with a storage the values too.
    package init(_ bus: any Bus, storage: Storage? = nil) {
        self.init(bus, storage: storage, text: { $0.description }, key: { Key($0) })
    }
}
