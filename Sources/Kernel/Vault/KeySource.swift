package import Base

/// Where the keys of the vault come from, the first that is configured.
package struct KeySource: Sendable {
    /// One key: `ENCRYPTION_KEY`.
    package var single: Secret?
    /// Several: `ENCRYPTION_KEYS`.
    package var list: Secret?
    /// A file of keys, which has to be there.
    package var file: String?
    /// The folder in which a file of keys is made where nothing is configured.
    package var folder: String
    /// Whether keys have to be configured.
    package var isProduction: Bool

    /// The keys and where they were found.
    package struct Found: Sendable {
        /// The keys.
        package let ring: KeyRing
        /// Where they were found.
        package let origin: Origin
    }

    /// Where keys were found.
    package enum Origin: Sendable, Equatable {
        /// In the settings themselves.
        case settings
        /// In a file that was there.
        case file(path: String)
        /// In a file that was made just now: whoever runs the program should hear of it.
        case made(path: String)
    }

    /// Nothing but a folder, and what the settings give.
    package init(
        single: Secret? = nil, list: Secret? = nil, file: String? = nil, folder: String, isProduction: Bool
    ) {
        self.single = single
        self.list = list
        self.file = file
        self.folder = folder
        self.isProduction = isProduction
    }

    /// What a configuration says.
    package init(_ configuration: Configuration) {
        self.init(
            single: configuration.encryption.key, list: configuration.encryption.keys,
            file: configuration.encryption.keyFile, folder: configuration.data,
            isProduction: configuration.environment == .production)
    }

    /// The file of keys that is in use; nil where the settings themselves hold the keys.
    package var path: String? {
        if single != nil || list != nil { return nil }
        return file ?? folder + "/" + KeyFile.name
    }

    /// Reads the keys; makes them only where nothing is configured, and never in production.
    ///
    /// A file that development made in the data folder does not count as configured: production names its keys.
    ///
    /// Unless `makesFile`, they have to be there in any case.
    package func open(clocks: Clocks = .system, makesFile: Bool = true) throws(VaultError) -> Found {
        if let single { return Found(ring: try KeyRing(single: single), origin: .settings) }
        if let list { return Found(ring: try KeyRing(list: list), origin: .settings) }
        if let file { return Found(ring: try KeyFile(file).read(), origin: .file(path: file)) }
        guard !isProduction else {
            throw VaultError(
                .noKey,
                "in production an encryption key is needed: set ENCRYPTION_KEY (64 hexadecimal digits, such as"
                    + " `openssl rand -hex 32` prints), ENCRYPTION_KEYS or encryption_key_file")
        }
        guard makesFile else {
            let file = KeyFile(folder + "/" + KeyFile.name)
            return Found(ring: try file.read(), origin: .file(path: file.path))
        }
        let (ring, file, isNew) = try KeyFile.openOrCreate(folder, now: clocks.now)
        return Found(ring: ring, origin: isNew ? .made(path: file.path) : .file(path: file.path))
    }
}
