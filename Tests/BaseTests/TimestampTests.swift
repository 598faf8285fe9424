import Base
import Foundation
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: zip(
            [0, 1, -1, 951_782_400_000, 1_767_323_045_006, -62_167_219_200_000, 253_402_300_799_999],
            [
                "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.001Z", "1969-12-31T23:59:59.999Z",
                "2000-02-29T00:00:00.000Z", "2026-01-02T03:04:05.006Z", "0000-01-01T00:00:00.000Z",
                "9999-12-31T23:59:59.999Z",
            ]))
    func `the RFC 3339 form goes both ways`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test func `a time beyond the year 9999 shows as the last moment of it`() {
        #expect(Timestamp(milliseconds: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp(milliseconds: .min).rfc3339 == "0000-01-01T00:00:00.000Z")
    }

    @Test(
        arguments: zip(
            [
                "1985-04-12T23:20:50.52Z", "1996-12-19T16:39:57-08:00", "1990-12-31T23:59:60Z",
                "1990-12-31T15:59:60-08:00", "1937-01-01T12:00:27.87+00:20", "2026-01-01t00:00:00z",
                "2026-01-01T00:00:00.1239999999999Z", "2026-01-01T00:00:00-00:00",
            ],
            [
                "1985-04-12T23:20:50.520Z", "1996-12-20T00:39:57.000Z", "1991-01-01T00:00:00.000Z",
                "1991-01-01T00:00:00.000Z", "1937-01-01T11:40:27.870Z", "2026-01-01T00:00:00.000Z",
                "2026-01-01T00:00:00.123Z", "2026-01-01T00:00:00.000Z",
            ]))
    func `offsets, fractions and leap seconds are understood`(text: String, normal: String) {
        #expect(Timestamp(rfc3339: text)?.rfc3339 == normal)
    }

    @Test(arguments: [
        "", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-1-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+00:60", "2026-01-01T00:00:00+0000", "2026-01-01T00:00:00Zx",
        "+026-01-01T00:00:00Z",
    ])
    func `what RFC 3339 does not allow is refused`(text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test func `every prefix of a valid text is refused`() {
        let text = "2026-01-01T00:00:00.125+01:30"
        for count in 0..<text.utf8.count { #expect(Timestamp(rfc3339: text.prefix(count)) == nil) }
    }

    @Test func `HTTP dates go both ways`() {
        let date = Timestamp(seconds: 784_111_777)
        #expect(date.httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(Timestamp(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT") == date)
    }

    @Test(arguments: [
        "", "Mon, 06 Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func `what is not an IMF-fixdate is refused`(text: String) { #expect(Timestamp(httpDate: text) == nil) }

    @Test(arguments: 0..<20) func `the calendar agrees with Foundation's`(seed: UInt64) throws {
        var generator = Seeded(seed)
        let iso = ISO8601DateFormatter()
        let http = DateFormatter()
        http.locale = Locale(identifier: "en_US_POSIX")
        http.timeZone = TimeZone(identifier: "GMT")
        http.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for _ in 0..<100 {
            // From 1600 on, where both reckon by the Gregorian calendar.
            let seconds = Int64.random(in: -11_676_096_000...253_402_300_799, using: &generator)
            let time = Timestamp(seconds: seconds)
            let date = Date(timeIntervalSince1970: Double(seconds))
            #expect(time.rfc3339.replacing(".000Z", with: "Z") == iso.string(from: date), "seed \(seed)")
            #expect(time.httpDate == http.string(from: date), "seed \(seed)")
            #expect(Timestamp(rfc3339: time.rfc3339) == time)
            #expect(Timestamp(httpDate: time.httpDate) == time)
        }
    }

    @Test func `spans are added and taken away`() {
        let time = Timestamp(milliseconds: 1000)
        #expect((time + .milliseconds(5)).milliseconds == 1005)
        #expect((time - .seconds(2)).milliseconds == -1000)
        #expect(time - Timestamp(milliseconds: 250) == .milliseconds(750))
    }

    @Test func `a span too long for nanoseconds counts as the longest there is`() {
        #expect(Duration.seconds(Int64.max).nanosecondsClamped == .max)
        #expect(Duration.seconds(Int64.min).nanosecondsClamped == .min)
        #expect(Duration.milliseconds(-1500).nanosecondsClamped == -1_500_000_000)
    }
}

@Suite struct ClockTests {
    @Test func `the machine's clocks go forward`() {
        let first = Clocks.system.moment
        #expect(Clocks.system.moment >= first)
        #expect(Clocks.system.now > Timestamp(seconds: 1_700_000_000))
    }

    @Test func `a manual clock stands still until it is moved`() {
        let manual = ManualClock(Timestamp(seconds: 100))
        let clocks = manual.clocks
        let start = clocks.moment
        #expect(clocks.now == Timestamp(seconds: 100))
        manual.advance(by: .milliseconds(1500))
        #expect(clocks.now == Timestamp(milliseconds: 101_500))
        #expect(clocks.moment - start == .milliseconds(1500))
    }

    @Test func `setting the civil clock leaves the monotonic one alone`() {
        let manual = ManualClock()
        manual.set(Timestamp(seconds: 5))
        #expect(manual.clocks.now == Timestamp(seconds: 5))
        #expect(manual.clocks.moment == Moment(nanoseconds: 0))
    }

    @Test func `a deadline too far away is the last moment`() {
        #expect(Moment(nanoseconds: 1) + .seconds(Int64.max) == Moment(nanoseconds: .max))
    }
}
