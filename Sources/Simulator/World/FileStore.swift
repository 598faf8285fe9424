package import Base

/// The files of the world, in memory, up to a total.
package struct FileStore: Sendable {
    /// A file.
    package struct File: Sendable {
        /// Its number.
        package let number: Int
        /// The content; empty where only an address is known.
        package let bytes: Bytes
        /// What it was called.
        package let name: String?
        /// The media type.
        package let type: String?
        /// The address that it was given by.
        package let url: String?
        /// Where it is downloaded from.
        package let path: String
        /// How wide and high an image is.
        package let size: (width: Int, height: Int)?
    }

    private var files: [Int: File] = [:]
    private var byPath: [String: Int] = [:]
    private var byURL: [String: Int] = [:]
    private var next = 1
    private let bytesMax: Int
    /// The bytes of all of them.
    package private(set) var byteCount = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// How many there are.
    package var count: Int { files.count }

    /// The file of a number.
    package subscript(number: Int) -> File? { files[number] }

    /// The file of a download path.
    package func at(_ path: String) -> File? { byPath[path].flatMap { files[$0] } }

    /// Stores a file below a folder; throws when the total would be too large.
    package mutating func add(
        _ bytes: Bytes, name: String?, type: String?, folder: String
    ) throws(WorldError) -> Int {
        // A file without content counts too, so that their number is bounded.
        guard byteCount + bytes.count + 64 <= bytesMax else { throw .filesFull }
        byteCount += bytes.count + 64
        return insert(bytes.copied(), name, type, nil, folder)
    }

    /// The file that an address stands for; nothing is fetched.
    package mutating func add(url: String, folder: String) throws(WorldError) -> Int {
        if let known = byURL[url] { return known }
        guard byteCount + url.utf8.count + 64 <= bytesMax else { throw .filesFull }
        byteCount += url.utf8.count + 64
        let number = insert(Bytes(), nil, nil, url, folder)
        byURL[url] = number
        return number
    }

    private mutating func insert(
        _ bytes: Bytes, _ name: String?, _ type: String?, _ url: String?, _ folder: String
    ) -> Int {
        let number = next
        next += 1
        let known = Self.ending(of: name)
        let path = "\(folder)/file_\(number)\(known)"
        files[number] = File(
            number: number, bytes: bytes, name: name, type: type, url: url, path: path,
            size: ImageSize.read(bytes))
        byPath[path] = number
        return number
    }

    private static func ending(of name: String?) -> String {
        guard let name, let dot = name.lastIndex(of: "."), name.distance(from: dot, to: name.endIndex) <= 6
        else { return "" }
        let ending = name[dot...].lowercased()
        return ending.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
            ? ending : ""
    }
}

/// Finds out how large a picture is.
enum ImageSize {
    static func read(_ bytes: Bytes) -> (width: Int, height: Int)? {
        if bytes.count >= 24, bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
            return (number(bytes, 16, 4), number(bytes, 20, 4))
        }
        if bytes.count >= 10, bytes.starts(with: [0x47, 0x49, 0x46]) {
            return (Int(bytes[6]) | Int(bytes[7]) << 8, Int(bytes[8]) | Int(bytes[9]) << 8)
        }
        return bytes.starts(with: [0xFF, 0xD8]) ? jpeg(bytes) : nil
    }

    private static func jpeg(_ bytes: Bytes) -> (width: Int, height: Int)? {
        var place = 2
        while place + 9 < bytes.count, bytes[place] == 0xFF {
            let marker = bytes[place + 1]
            if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
                return (number(bytes, place + 7, 2), number(bytes, place + 5, 2))
            }
            place += 2 + max(2, number(bytes, place + 2, 2))
        }
        return nil
    }

    private static func number(_ bytes: Bytes, _ place: Int, _ count: Int) -> Int {
        bytes.part(place, count).reduce(0) { $0 << 8 | Int($1) }
    }
}
