/// Finds what Telegram makes special in a text by itself: commands, mentions, hashtags and links.
enum EntityScanner {
    static func scan(_ text: String) -> [TextEntity] {
        guard text.utf8.contains(where: { $0 == 0x2F || $0 == 0x40 || $0 == 0x23 }) else { return [] }
        let units = Array(text.utf16)
        var entities: [TextEntity] = []
        var index = 0
        while index < units.count {
            defer { index += 1 }
            let isStart = index == 0 || !isWord(units[index - 1])
            guard isStart else { continue }
            let found: (type: String, end: Int)?
            switch units[index] {
            case 0x2F where index == 0 || isGap(units[index - 1]): found = command(units, index)
            case 0x40: found = word(units, index + 1, atLeast: 3).map { ("mention", $0) }
            case 0x23: found = word(units, index + 1, atLeast: 1).map { ("hashtag", $0) }
            case 0x68: found = link(units, index)
            default: found = nil
            }
            guard let found else { continue }
            entities.append(TextEntity(type: found.type, offset: index, length: found.end - index))
            index = found.end - 1
        }
        return entities
    }

    private static func command(_ units: [UInt16], _ start: Int) -> (type: String, end: Int)? {
        guard var end = word(units, start + 1, atLeast: 1), end - start <= 33 else { return nil }
        if end < units.count, units[end] == 0x40, let name = word(units, end + 1, atLeast: 3) { end = name }
        if end < units.count, units[end] == 0x2F { return nil }
        return ("bot_command", end)
    }

    private static func link(_ units: [UInt16], _ start: Int) -> (type: String, end: Int)? {
        for scheme in ["https://", "http://"] {
            let scheme = Array(scheme.utf16)
            guard units[start...].starts(with: scheme) else { continue }
            var end = start + scheme.count
            while end < units.count, units[end] > 0x20 { end += 1 }
            while end > start, [0x2E, 0x2C, 0x29, 0x21, 0x3F].contains(units[end - 1]) { end -= 1 }
            if end > start + scheme.count { return ("url", end) }
        }
        return nil
    }

    private static func word(_ units: [UInt16], _ start: Int, atLeast count: Int) -> Int? {
        var end = start
        while end < units.count, isWord(units[end]) { end += 1 }
        return end - start >= count ? end : nil
    }

    private static func isGap(_ unit: UInt16) -> Bool { unit <= 0x20 || unit == 0x28 || unit == 0x2C }

    private static func isWord(_ unit: UInt16) -> Bool {
        switch unit {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: unit >= 0xC0 && unit < 0x2000
        }
    }
}
