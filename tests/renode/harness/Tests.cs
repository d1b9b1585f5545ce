// Drives Network.EspAt as Renode does, with the real library behind it. Each test is a method; its name is what it
// protects. Usage: harness.exe LIBRARY OTHER_LIBRARY FOLDER [TEST]
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;

using Antmicro.Renode.Core;
using Antmicro.Renode.Exceptions;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.Network;
using Antmicro.Renode.Peripherals.UART;

namespace EspAtHarness
{
    public static class Program
    {
        public static int Main(string[] arguments)
        {
            Tests.Library = arguments[0];
            Tests.OtherLibrary = arguments[1];
            Tests.Folder = arguments[2];
            var failed = 0;
            var run = 0;
            foreach(var test in typeof(Tests).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
            {
                if(arguments.Length > 3 && test.Name != arguments[3])
                {
                    continue;
                }
                run++;
                Logger.Lines.Clear();
                string why = null;
                var thread = new Thread(() => why = Run(test)) { IsBackground = true };
                thread.Start();
                if(!thread.Join(60000))
                {
                    why = "it hangs";
                }
                failed += why == null ? 0 : 1;
                Console.WriteLine((why == null ? "ok " : "FAIL ") + test.Name + (why == null ? "" : ": " + why));
            }
            Console.WriteLine(run + " tests, " + failed + " failed");
            return failed == 0 && run > 0 ? 0 : 1;
        }

        private static string Run(MethodInfo test)
        {
            try
            {
                test.Invoke(null, null);
                return null;
            }
            catch(TargetInvocationException e)
            {
                var inner = e.InnerException;
                return inner is Failure ? inner.Message : inner.ToString();
            }
        }
    }

    public class Failure : Exception
    {
        public Failure(string message) : base(message) { }
    }

    // A board: machine, UART and module, ready to run.
    public class Board
    {
        public Board(Action<EspAt> set = null, bool wired = true)
        {
            Machine = new Machine();
            Uart = new McuUart(Machine);
            Module = wired ? new EspAt(Machine, Uart) : new EspAt(Machine);
            Module.Library = Tests.Library;
            if(set != null)
            {
                set(Module);
            }
            Machine.Add(Module);
        }

        // One of several on a bench, in the world that they share.
        public Board(Bench bench, string module, Action<EspAt> set = null)
        {
            Machine = bench.Add();
            Uart = new McuUart(Machine);
            Module = new EspAt(Machine, Uart, "air", module);
            if(set != null)
            {
                set(Module);
            }
            Machine.Add(Module);
        }

        // Runs, and fails where Renode would have ended.
        public void Run(ulong milliseconds)
        {
            Machine.RunFor(milliseconds * 1000000);
            StillAlive();
        }

        public void StillAlive()
        {
            if(Machine.Died != null)
            {
                throw new Failure("Renode would have ended: " + Machine.Died);
            }
        }

        // Lines that the guest sends, each when the answer to the one before is complete.
        public void Dialogue(params string[] lines)
        {
            var next = 0;
            var seen = 0;
            Uart.OnReceived += () =>
            {
                var answer = Uart.Received.Substring(seen);
                if(next < lines.Length && (answer.EndsWith("ready\r\n") || answer.EndsWith("\r\nOK\r\n")))
                {
                    seen = Uart.Received.Length;
                    Uart.Send(lines[next++] + "\r\n");
                }
            };
        }

        public readonly Machine Machine;
        public readonly McuUart Uart;
        public readonly EspAt Module;
    }

    public static class Tests
    {
        public static string Library;
        public static string OtherLibrary;
        public static string Folder;

        // ---- time ------------------------------------------------------------------------------------------------------

        public static void EveryByteReachesTheMcuWhenItsStopBitEnds()
        {
            var board = new Board();
            board.Run(1000);
            Equal("\r\nready\r\n", board.Uart.Received, "what the module says at its start");
            var times = board.Uart.Times;
            for(var i = 1; i < times.Count; i++)
            {
                // 10 bits at 115200 baud, each byte rounded on its own.
                True(times[i] - times[i - 1] == 86805 || times[i] - times[i - 1] == 86806,
                    "byte " + i + " came " + (times[i] - times[i - 1]) + " ns after the one before");
            }
            Equal(Second(times[8]), First(board, " reply ready"), "the library's time of the line and its last byte's");
        }

        public static void ByteOfTheMcuCarriesItsExactTimeThoughTheClockIsStale()
        {
            var board = new Board();
            board.Machine.Guest(1000012345, () => board.Uart.Send("AT\r\n"));
            board.Run(1100);
            // Four bytes of 10 bits: 40 * 10^9 / 115200, rounded up.
            Equal(Second(1000012345 + 347223), First(board, " command AT"), "the time of the command's last stop bit");
        }

        public static void BytesAreDeliveredOneMicrosecondLateAtMost()
        {
            var board = new Board();
            board.Machine.Guest(1000000000, () => board.Uart.Send("AT\r\n"));
            // Guest code that does not touch the module must not move it.
            for(ulong t = 1000000100; t < 1005000000; t += 333)
            {
                board.Machine.Guest(t, () => { });
            }
            board.Run(1100);
            Equal(Second(board.Uart.Times.Last()), First(board, " reply OK"), "time of the last byte of OK");
        }

        public static void RunsAreTheSameWhateverOtherThreadsAsk()
        {
            var digests = new HashSet<string>();
            for(var i = 0; i < 10; i++)
            {
                var board = Joining();
                var stop = false;
                var asked = 0;
                var curious = new Thread(() =>
                {
                    // At least once, however late a busy machine lets this thread begin.
                    do
                    {
                        asked += board.Module.Statistics.Length + board.Module.Digest.Length + board.Module.Links.Length;
                        Thread.Yield();
                    }
                    while(!stop && board.Machine.Executed < 4900000000);
                });
                if(i % 2 == 1)
                {
                    board.Machine.RunFor(1000);
                    curious.Start();
                }
                board.Run(5000);
                stop = true;
                if(i % 2 == 1)
                {
                    curious.Join();
                }
                True(i % 2 == 0 || asked > 0, "the other thread did not ask");
                True(board.Uart.Received.Contains("WIFI GOT IP"), "the module should have joined:\n" + board.Uart.Received);
                digests.Add(board.Module.Digest);
            }
            Equal(1, digests.Count, "digests of ten runs");
        }

        public static void AnotherSeedGivesAnotherDigest()
        {
            var digests = new HashSet<string>();
            foreach(var seed in new ulong[] { 1, 2, 3 })
            {
                var board = Joining(m => m.Seed = seed);
                board.Run(5000);
                Equal(seed, board.Module.Seed, "the seed in force");
                digests.Add(board.Module.Digest);
            }
            Equal(3, digests.Count, "digests of three seeds");
        }

        // ---- ways to attach --------------------------------------------------------------------------------------------

        public static void WithoutUartTheModuleIsOneItself()
        {
            var board = new Board(wired: false);
            var hub = new Hub(board.Machine, board.Module);
            foreach(var c in "AT\r\n")
            {
                board.Machine.Guest(1000000000, () => board.Module.WriteChar((byte)c));
            }
            board.Run(1100);
            Equal("\r\nready\r\nAT\r\n\r\nOK\r\n", hub.Passed, "what passed the hub");
            Equal("", board.Uart.Received, "what the UART without a module has received");
        }

        public static void ByteWrittenFromTheMonitorIsAnsweredOnTheCpusThread()
        {
            var board = new Board();
            board.Run(1000);
            foreach(var c in "AT\r\n")
            {
                board.Module.WriteChar((byte)c);
            }
            board.Run(100);
            Equal("\r\nready\r\nAT\r\n\r\nOK\r\n", board.Uart.Received, "the dialogue");
        }

        // ---- pins and resets -------------------------------------------------------------------------------------------

        public static void TheMcusResetLeavesTheModuleRunning()
        {
            var board = Joining();
            board.Run(5000);
            var before = board.Uart.Received.Length;
            board.Machine.Guest(board.Machine.Executed + 1000, board.Machine.Reset);
            board.Run(2000);
            Equal("", board.Uart.Received.Substring(before), "what the module says when the MCU is reset");
            Equal("joined 'home' as 192.168.1.100", board.Module.WifiState, "the Wi-Fi state");
        }

        public static void PowerCycleOnResetStartsTheModuleAgain()
        {
            var board = new Board(m => m.PowerCycleOnReset = true);
            board.Run(1000);
            board.Machine.Guest(board.Machine.Executed + 1000, board.Machine.Reset);
            board.Run(1000);
            Equal("\r\nready\r\n\r\nready\r\n", board.Uart.Received, "what the module says");
        }

        public static void EnHoldsTheModuleUntilItRises()
        {
            var board = new Board();
            // As Renode does when the line is connected.
            board.Module.OnGPIO(0, false);
            board.Machine.Guest(500000000, () => board.Uart.Send("A"));
            board.Run(2000);
            Equal("", board.Uart.Received, "what a module says that is held in reset");
            Equal("switched off", board.Module.WifiState, "the state");
            True(Logger.Lines.Any(l => l.Contains("[WARNING]") && l.Contains("EN is low")), "no warning: " + Log());
            board.Machine.Guest(board.Machine.Executed + 12345, () => board.Module.OnGPIO(0, true));
            board.Run(1000);
            Equal("\r\nready\r\n", board.Uart.Received, "what it says after EN has risen");
            Recoverable(() => { board.Machine.Guest(board.Machine.Executed + 1, () => board.Module.OnGPIO(0, false));
                board.Run(1); board.Module.PowerCycle(); }, "EN low");
        }

        public static void Gpio0LowKeepsTheFirmwareFromStarting()
        {
            var board = new Board();
            board.Module.OnGPIO(1, false);
            board.Run(2000);
            Equal("in download mode", board.Module.WifiState, "the state");
            True(!board.Uart.Received.Contains("ready"), "the AT firmware has started");
        }

        public static void EachPinThatExistsCanBeWired()
        {
            // Renode looks at the attribute before it connects a line.
            var inputs = (GPIOAttribute)Attribute.GetCustomAttribute(typeof(EspAt), typeof(GPIOAttribute));
            var board = new Board();
            for(var pin = 0; pin < inputs.NumberOfInputs; pin++)
            {
                board.Module.OnGPIO(pin, true);
            }
            True(!Logger.Lines.Any(l => l.Contains("There is no pin")), "a pin too many: " + Log());
            board.Module.OnGPIO(inputs.NumberOfInputs, true);
            True(Logger.Lines.Any(l => l.Contains("There is no pin")), "a pin that can't be wired");
        }

        public static void PinsThatDoNotExistAreAWarning()
        {
            var board = new Board();
            board.Module.OnGPIO(4, true);
            board.Module.OnGPIO(-1, true);
            Equal(2, Logger.Lines.Count(l => l.Contains("[WARNING] There is no pin")), "warnings: " + Log());
        }

        public static void PowerCycleTakesThePowerAway()
        {
            var board = Joining();
            board.Run(5000);
            board.Module.PowerCycle();
            Equal("booting", board.Module.WifiState, "the state right after");
            board.Run(1000);
            True(board.Uart.Received.EndsWith("\r\nready\r\n"), "the module should have started:\n" + board.Uart.Received);
        }

        // ---- the wire --------------------------------------------------------------------------------------------------

        public static void ModuleSaysWhatItsUartIsSetTo()
        {
            var board = new Board();
            Equal((uint)115200, board.Module.BaudRate, "baud rate before the start");
            board.Dialogue("AT+UART_CUR=9600,7,3,2,0");
            board.Run(1500);
            Equal((uint)9600, board.Module.BaudRate, "baud rate");
            Equal(Bits.Two, board.Module.StopBits, "stop bits");
            Equal(Parity.Even, board.Module.ParityBit, "parity");
        }

        public static void McusLineFollowsTheModulesUnlessToldOtherwise()
        {
            var board = new Board();
            board.Uart.Divisor = 960;
            board.Dialogue("AT+UART_CUR=921600,8,1,0,0", "AT+GMR");
            board.Run(1500);
            True(board.Uart.Received.Contains("AT version"), "the answer at 921600 baud:\n" + board.Uart.Received);
            Equal("follow", board.Module.McuLine, "the default");
        }

        public static void DriverThatForgetsToFollowIsNotUnderstood()
        {
            var board = new Board(m => m.McuLine = "uart");
            board.Uart.Divisor = 80;
            board.Dialogue("AT", "AT+UART_CUR=921600,8,1,0,0", "AT+GMR");
            board.Run(1500);
            True(board.Uart.Received.Contains("8,1,0,0\r\n\r\nOK\r\n"), "the OK comes at the old rate:\n" + board.Uart.Received);
            True(!board.Uart.Received.Contains("AT version"), "AT+GMR was understood:\n" + board.Uart.Received);
            True(!board.Module.Statistics.Contains("module-framing-errors 0"), board.Module.Statistics);
            Equal(1, Logger.Lines.Count(l => l == "[WARNING] The MCU sends at 115200 8n1, the module is set to 921600 8n1"),
                "warnings: " + Log());
        }

        public static void DriverThatFollowsIsUnderstood()
        {
            var board = new Board(m => m.McuLine = "uart");
            board.Uart.Divisor = 80;
            board.Uart.OnReceived += () =>
            {
                if(board.Uart.Received.EndsWith("0\r\n\r\nOK\r\n"))
                {
                    board.Uart.Divisor = 10;
                    board.Uart.StopBits = Bits.Two;
                    board.Uart.ParityBit = Parity.Even;
                }
            };
            board.Dialogue("AT", "AT+UART_CUR=921600,8,3,2,0", "AT+GMR");
            board.Run(1500);
            True(board.Uart.Received.Contains("AT version"), "the answer at 921600 baud:\n" + board.Uart.Received);
            True(board.Module.Statistics.Contains("module-framing-errors 0"), board.Module.Statistics);
            True(board.Module.Statistics.Contains("mcu-framing-errors 0"), board.Module.Statistics);
            Equal(0, Logger.Lines.Count, "lines of the log: " + Log());
        }

        public static void WhatTheModuleSaysFirstIsHeardAtTheRateThatTheMcuHasSet()
        {
            var board = new Board(m => m.McuLine = "uart");
            board.Uart.Divisor = 80;
            board.Machine.Guest(1000000000, () => board.Uart.Send("AT+RST\r\n"));
            // The MCU changes its rate while the module boots, and nobody says anything meanwhile.
            board.Machine.Guest(1100000000, () => board.Uart.Divisor = 10);
            board.Run(3000);
            Equal(1, board.Uart.Received.Split(new[] { "ready" }, StringSplitOptions.None).Length - 1,
                "times that the MCU has understood 'ready':\n" + board.Uart.Received);
            True(board.Module.Status.Contains("MCU 921600 8n1, module 115200 8n1"), board.Module.Status);
        }

        public static void UartThatSaysNoRateFollowsTheModule()
        {
            var board = new Board(m => m.McuLine = "uart");
            board.Dialogue("AT+UART_CUR=921600,8,1,0,0", "AT+GMR");
            board.Run(1500);
            True(board.Uart.Received.Contains("AT version"), "the answer at 921600 baud:\n" + board.Uart.Received);
            Equal(1, Logger.Lines.Count(l => l.Contains("[WARNING]") && l.Contains("says no baud rate")), "warnings: " + Log());
        }

        public static void UartThatIsResetIsNotAskedUntilTheFirmwareSendsAgain()
        {
            var board = new Board(m => m.McuLine = "uart");
            board.Uart.Divisor = 80;
            board.Dialogue("AT");
            board.Run(1000);
            board.Machine.Guest(board.Machine.Executed + 1, () => { board.Machine.Reset(); board.Uart.Divisor = 65536; });
            board.Run(10);
            board.Module.PowerCycle();
            board.Run(1000);
            True(board.Uart.Received.EndsWith("\r\nOK\r\n\r\nready\r\n"), "what the MCU hears:\n" + board.Uart.Received);
        }

        public static void McuLineIsSettingsToo()
        {
            var board = new Board(m => m.McuLine = "9600 8n1");
            board.Machine.Guest(1000000000, () => board.Uart.Send("AT\r\n"));
            board.Run(1100);
            True(!board.Uart.Received.Contains("ready"), "9600 baud understood 115200:\n" + board.Uart.Received);
            True(!board.Uart.Received.Contains("OK"), "9600 baud was understood:\n" + board.Uart.Received);
            board.Module.McuLine = "115200 8n1.5";
            board.Machine.Guest(board.Machine.Executed + 1, () => board.Uart.Send("\r\n"));
            board.Machine.Guest(board.Machine.Executed + 50000000, () => board.Uart.Send("AT\r\n"));
            board.Run(100);
            True(board.Uart.Received.EndsWith("\r\nOK\r\n"), "the answer:\n" + board.Uart.Received);
            board.Module.McuLine = "9600 8n1";
            board.Module.McuLine = "follow";
            board.Dialogue("AT+UART_CUR=921600,8,1,0,0", "AT+GMR");
            board.Machine.Guest(board.Machine.Executed + 1, () => board.Uart.Send("AT\r\n"));
            board.Run(500);
            True(board.Uart.Received.Contains("AT version"), "the answer at 921600 baud:\n" + board.Uart.Received);
        }

        public static void McuLineSaysWhatItExpected()
        {
            var board = new Board();
            foreach(var wrong in new[] { "", "fast", "9600", "79 8n1", "5000001 8n1", "9600 9n1", "9600 8n3", "9600 8x1" })
            {
                Recoverable(() => board.Module.McuLine = wrong, "expected \"follow\"", "\"" + wrong + "\"");
            }
            Recoverable(() => new Board(wired: false).Module.McuLine = "uart", "without `uart:`");
        }

        public static void McuThatDoesNotObeyRtsLosesBytesAndOneThatDoesLosesNone()
        {
            foreach(var obeys in new[] { false, true })
            {
                var board = Joining(m => m.ObeysRts = obeys, "AT+CIPSTART=\"TCP\",\"nas.lan\",7", "AT+CIPMODE=1", "AT+CIPSEND");
                var changes = new List<bool>();
                board.Module.Rts.AddStateChangedHook(level =>
                {
                    True(board.Machine.OnCpuThread, "RTS changes on another thread than the CPU's");
                    changes.Add(level);
                });
                board.Run(5000);
                board.Module.Console("link wifi down");
                board.Machine.Guest(board.Machine.Executed + 1, () => board.Uart.Send(new string('x', 30000)));
                board.Run(5000);
                True(board.Module.Rts.IsSet, "RTS is low though nothing gets away");
                board.Module.Console("link wifi up");
                board.Run(30000);
                True(!board.Module.Rts.IsSet, "RTS is high though all has got away");
                True(changes.Count >= 2 && changes[0], "RTS should have risen and fallen");
                Equal(obeys, board.Module.Statistics.Contains("module-overruns 0\n"), "nothing is lost: " + board.Module.Statistics);
                Equal(obeys, board.Uart.Received.EndsWith(new string('x', 30000)), "all comes back from the echo server");
            }
        }

        // ---- console and state -----------------------------------------------------------------------------------------

        public static void ConsoleTakesEffectNowAndNotWhenTheModuleLastMoved()
        {
            var board = Joining();
            board.Run(60000);
            board.Module.Console("ap home down");
            board.Run(10000);
            var lost = First(board, " station disconnected");
            True(string.CompareOrdinal(lost, "60.000000000") >= 0 && string.CompareOrdinal(lost, "70") < 0,
                "the station noticed at " + lost);
        }

        public static void ConsoleSaysWhatItExpected()
        {
            var board = new Board();
            Recoverable(() => board.Module.Console("ap home dwon"), "did you mean `down`?");
            Recoverable(() => board.Module.Console(""), "");
            True(board.Module.Console("help").Contains("ap NAME down"), "help lists the commands");
            True(board.Module.Status.Contains("module wifi: attached"), board.Module.Status);
        }

        public static void StateLinksAndStatisticsAreThoseOfTheModule()
        {
            var board = Joining(null, "AT+CIPMUX=1", "AT+CIPSTART=1,\"TCP\",\"nas.lan\",7",
                "AT+CIPSTART=0,\"UDP\",\"echo.example.com\",7", "AT+CIPCLOSE=1");
            Equal("booting", board.Module.WifiState, "the state before the start");
            board.Run(200);
            Equal("booting", board.Module.WifiState, "the state at the start");
            board.Run(6000);
            Equal("joined 'home' as 192.168.1.100", board.Module.WifiState, "the state at the end");
            Equal("0 UDP 198.51.100.7:7", board.Module.Links, "the open links");
            True(board.Module.Statistics.StartsWith("mcu-bytes 1"), board.Module.Statistics);
            Equal(16, board.Module.Digest.Length, "hex digits of the digest");
            True(board.Module.Digest != board.Module.ContentDigest, "the two digests are the same");
            True(board.Module.Version.Length > 0, "no version");
        }

        public static void ClientOfTheModulesServerIsALinkAndALossLeavesItOpen()
        {
            var board = OnALan("AT+CIPMUX=1", "AT+CIPSERVER=1,8080", "AT+CIPRECVMODE=1",
                "AT+CIPSTART=4,\"UDP\",\"192.168.1.20\",5000,4321,0");
            board.Run(5000);
            Equal("4 UDP 192.168.1.20:5000", board.Module.Links, "the links before a client comes");
            board.Module.Console("host pc connect wifi 8080");
            var accepted = board.Module.WaitFor("link", "accepted");
            True(accepted.StartsWith("0 accepted TCP 192.168.1.20:"), accepted);
            var links = accepted.Replace("accepted ", "") + "\n4 UDP 192.168.1.20:5000";
            Equal(links, board.Module.Links, "the links with the server's client");
            for(var i = 0; i < 2; i++)
            {
                board.Module.Console("host pc datagram wifi 4321 " + new string('x', 5000));
                board.Run(1000);
            }
            board.Module.WaitFor("link", "4 lost 5000 bytes from 192.168.1.20:5000");
            Equal(links, board.Module.Links, "the links after a loss");
        }

        public static void ResetAndPowerCutLeaveNoLink()
        {
            var open = new[] { "AT+CIPMUX=1", "AT+CIPSTART=2,\"TCP\",\"192.168.1.20\",23" };
            var board = OnALan(open.Concat(new[] { "AT+RST" }).ToArray());
            board.Module.WaitFor("link", "2 opened TCP 192.168.1.20:23");
            Equal("2 TCP 192.168.1.20:23", board.Module.Links, "the links");
            board.Module.WaitFor("command", "AT+RST");
            board.Run(3000);
            Equal("", board.Module.Links, "the links after AT+RST");
            True(board.Uart.Received.Contains("WIFI DISCONNECT\r\n\r\nready\r\n"), "it has not started again: " + board.Uart.Received);

            board = OnALan(open);
            board.Module.WaitFor("link", "2 opened");
            board.Module.PowerCycle();
            Equal("", board.Module.Links, "the links after a power cut");
        }

        public static void WhatAHostReceivedIsThereWhole()
        {
            var sent = "\"" + new string('a', 300) + "\\\r\n";
            var board = OnALan("AT+CIPSTART=\"TCP\",\"192.168.1.20\",23", "AT+CIPSEND=" + sent.Length);
            board.Uart.OnReceived += () =>
            {
                if(board.Uart.Received.EndsWith("\r\n\r\n>"))
                {
                    board.Uart.Send(sent);
                }
            };
            board.Module.WaitFor("reply", "SEND OK");
            board.Run(100);
            Equal("\\\"" + new string('a', 300) + "\\\\\\r\\n", board.Module.HostReceived("pc"), "what came over TCP");
            Equal("", board.Module.HostReceived("pc", true), "what came over UDP");
            Recoverable(() => board.Module.HostReceived("nobody"), "there is no host 'nobody'");
        }

        public static void FactsOfWhatWasWaitedForNeedNoReadingOfItsSentence()
        {
            var board = OnALan("AT+CIPSTART=\"TCP\",\"192.168.1.20\",23");
            board.Module.WaitFor("station", "joined");
            Equal("192.168.1.100", board.Module.ObservedAddress, "the address");
            Equal("", board.Module.ObservedPeer, "the other end of a join");
            board.Module.WaitFor("link", "opened");
            Equal("192.168.1.20:23", board.Module.ObservedPeer, "the other end of a link");
            True(int.Parse(board.Module.Statistic("module-bytes")) > 20, board.Module.Statistics);
            Recoverable(() => board.Module.Statistic("bytes"), "There is no statistic 'bytes'", "mcu-bytes");
        }

        public static void ExpectationsOfTheScenarioAreAskedForOneByOne()
        {
            var path = Folder + "/expect.toml";
            File.WriteAllText(path, "expect = [\"wifi reply ready\", \"wifi station joined\", \"never wifi command AT\"]\n"
                + "[ap.home]\nssid = \"espat-sim\"\n");
            var board = new Board(m => m.Scenario = path);
            board.Run(1000);
            Equal("open: wifi station joined", board.Module.ExpectationsUnmet, "before anything is sent");
            board.Machine.Guest(1000000000, () => board.Uart.Send("AT\r\n"));
            board.Run(1000);
            var unmet = board.Module.ExpectationsUnmet.Split('\n');
            True(unmet.Length == 2 && unmet[1].StartsWith("failed: never wifi command AT: "), string.Join("; ", unmet));
        }

        // ---- waiting ---------------------------------------------------------------------------------------------------

        public static void WaitingEndsAtTheInstantAndPausesThere()
        {
            var paused = new HashSet<ulong>();
            for(var i = 0; i < 5; i++)
            {
                var board = Joining();
                // The start as Renode's: time runs before it says so.
                board.Machine.StartGap = i;
                Equal("joined home as 192.168.1.100", board.Module.WaitFor("station", "joined"), "what was waited for");
                True(!board.Machine.IsStarted, "the emulation runs on");
                var late = board.Machine.Executed - Nanoseconds(board.Module.ObservedAt);
                True(late <= 2000, "paused " + late + " ns late");
                paused.Add(board.Machine.Executed);
                board.Module.Console("ap home down");
                board.Module.WaitFor("reply", "WIFI DISCONNECT", timeout: 30);
                board.StillAlive();
                paused.Add(board.Machine.Executed);
            }
            Equal(2, paused.Count, "instants of the two pauses in five runs");
        }

        public static void WaitingThatFailsSaysWhatCameInstead()
        {
            var board = new Board();
            board.Dialogue("AT", "ATE0");
            Recoverable(() => board.Module.WaitFor("command", "AT+CWJAP", timeout: 2), "no command with \"AT+CWJAP\" within 2 s",
                "wifi command AT", "wifi command ATE0");
            True(board.Machine.Executed >= 2000000000 && board.Machine.Executed < 2001000000,
                "the time-out came at " + board.Machine.Executed + " ns");
            Recoverable(() => board.Module.WaitFor("http", subject: "www", timeout: 1), "no http of www", "no other either");
            board.StillAlive();
        }

        public static void NothingCountsTwiceAndKindsDoNotDisturbEachOther()
        {
            var board = new Board();
            board.Dialogue("AT", "ATE0", "AT", "AT+CWMODE=1");
            board.Run(2000);
            Equal("ATE0", board.Module.WaitFor("command", "ATE", timeout: 1), "the command");
            Equal("ready", board.Module.WaitFor("reply", "ready", timeout: 1), "a reply from before");
            Equal("AT", board.Module.WaitFor("command", "^AT$", regex: true, timeout: 1), "the AT after ATE0");
            Recoverable(() => board.Module.WaitFor("command", "^AT$", regex: true, timeout: 0.1f), "AT+CWMODE=1");
        }

        public static void WaitingGoesOnWithoutPausingWhenToldSo()
        {
            var board = Joining();
            board.Module.WaitFor("reply", "ready", pause: false);
            True(board.Machine.IsStarted, "the emulation was paused");
            board.Module.WaitFor("station", "joined");
            True(!board.Machine.IsStarted, "the emulation was not paused");
        }

        public static void WaitingEndsWithASentenceWhenSomethingElseStopsTheMachine()
        {
            var board = new Board();
            board.Machine.Guest(100000000, () =>
            {
                SpinWait.SpinUntil(() => board.Machine.IsStarted);
                board.Machine.PauseAndRequestEmulationPause();
            });
            Recoverable(() => board.Module.WaitFor("reply", "ready", timeout: 100),
                "Something else stopped the machine at 0.", "reply with \"ready\"");
            Equal("ready", board.Module.WaitFor("reply", "ready"), "what is waited for afterwards");
            board.StillAlive();
        }

        public static void WaitingWhereTimeStandsStillIsRefused()
        {
            var board = new Board();
            board.Machine.StartAll();
            // As `machine Pause` does while the emulation runs.
            board.Module.Pause();
            Recoverable(() => board.Module.WaitFor("reply", "OK", timeout: 2), "This machine is paused");
            board.Module.Resume();
            board.Machine.ExecutionMode = Antmicro.Renode.Peripherals.CPU.ExecutionMode.SingleStep;
            Recoverable(() => board.Module.WaitFor("reply", "OK", timeout: 2), "A debugger has stopped a CPU");
            board.Machine.PauseAll();
        }

        public static void WaitingForWhatCannotComeSaysWhatCan()
        {
            var board = new Board();
            Recoverable(() => board.Module.WaitFor("nonsense", "x"), "nothing is observed as `nonsense`", "`command`");
            Recoverable(() => board.Module.WaitFor("reply", "x", "wfi"), "there is no module or host `wfi`", "did you mean `wifi`?");
            var message = "";
            try
            {
                board.Module.WaitFor("reply", "(", regex: true);
            }
            catch(RecoverableException e)
            {
                message = e.Message;
                True(e.InnerException == null, "Renode would show the message twice: " + e);
            }
            True(message.Length > 0, "an expression that is none was taken");
        }

        public static void HostsAreObservedToo()
        {
            var board = Joining(null, "AT+CIPSTART=\"TCP\",\"www.example.com\",80", "AT+CIPSEND=18");
            board.Uart.OnReceived += () =>
            {
                if(board.Uart.Received.EndsWith("\r\n\r\n>"))
                {
                    board.Uart.Send("GET / HTTP/1.0\r\n\r\n");
                }
            };
            True(board.Module.WaitFor("http", "GET /", "www").StartsWith("GET / from 192.168.1.100:"), "the request");
        }

        // ---- settings and files ----------------------------------------------------------------------------------------

        public static void SettingsComeBeforeTheStart()
        {
            var board = new Board();
            board.Run(1);
            Recoverable(() => board.Module.Seed = 7, "before the machine starts");
            Recoverable(() => board.Module.Scenario = "", "before the machine starts");
            Recoverable(() => board.Module.Capture = "", "before the machine starts");
            Recoverable(() => board.Module.Module = "x", "before the machine starts");
        }

        public static void ScenarioWithMistakesIsRefusedWithItsLines()
        {
            var board = new Board();
            Recoverable(() => board.Module.Scenario = Folder + "/nowhere.toml", "There is no file", "nowhere.toml");
            var path = Folder + "/mistake.toml";
            File.WriteAllText(path, "[ap.home]\nssid = \"lab\"\npasswrd = \"correct horse\"\n");
            Recoverable(() => board.Module.Scenario = path, "did you mean `password`", "mistake.toml:3");
            File.WriteAllText(path, "[ap.home]\nssid = \"läb ☃\"\npassword = \"correct horse\"\n[module.door]\n[module.lamp]\n");
            board.Module.Scenario = path;
            board.Module.Module = "lamp";
            True(board.Module.Status.Contains("SSID \"läb ☃\""), board.Module.Status);
            True(board.Module.Status.Contains("module lamp: attached"), board.Module.Status);
            Equal("booting", board.Module.WifiState, "the state of the second module");
            var other = new Board(m => { m.Scenario = path; m.Module = "cat"; });
            Recoverable(() => other.Run(1), "cat", "door", "lamp");
        }

        public static void WhatIsRefusedIsLoggedTooBecauseAReplDoesNotShowIt()
        {
            Recoverable(() => new Board(m => m.Scenario = Folder + "/nowhere.toml"), "There is no file");
            True(Logger.Lines.Any(l => l.Contains("[ERROR] There is no file")), "it is not in the log: " + Log());
        }

        public static void OneFileAndOneUartBelongToOneModule()
        {
            var path = Folder + "/own.pcapng";
            var board = new Board(m => m.Capture = path);
            Recoverable(() => new Board(m => m.Capture = Folder + "/./own.pcapng"), "Another module writes", "own.pcapng");
            Recoverable(() => new Board(m => m.InputLog = path), "Another module writes");
            try
            {
                new EspAt(board.Machine, board.Uart);
                throw new Failure("two modules have one UART");
            }
            catch(ConstructionException e)
            {
                // Any other exception would end Renode here.
                True(e.Message.Contains("Two modules have the same UART"), e.Message);
            }
            board.Module.Dispose();
            var next = new EspAt(board.Machine, board.Uart) { Library = Library, Capture = path };
            next.Dispose();
            Recoverable(() => new Board(m => m.Capture = Folder), "is a folder");
        }

        public static void ModuleThatIsWiredBothWaysIsRefused()
        {
            var board = new Board();
            // As a UART that takes peripherals does when the module is registered there.
            Recoverable(() => board.Module.CharReceived += board.Uart.WriteChar, "wired to its UART twice");
            True(Logger.Lines.Any(l => l.Contains("[ERROR]") && l.Contains("twice")), "it is not in the log: " + Log());
        }

        public static void MachinesThatRunInParallelAreAWarning()
        {
            foreach(var serial in new[] { true, false })
            {
                Logger.Lines.Clear();
                var board = new Board();
                board.Machine.Others.Add(board.Machine);
                board.Machine.MasterTimeSource.ExecuteInSerial = serial;
                board.Run(1);
                board.Run(1);
                Equal(serial ? 0 : 1, Logger.Lines.Count(l => l.Contains("SetGlobalSerialExecution true")), "warnings: " + Log());
            }
        }

        public static void LibraryThatComesTooLateIsRefused()
        {
            var board = new Board();
            True(board.Module.Version.Length > 0, "the version loads the library");
            Recoverable(() => board.Module.Library = OtherLibrary, "the library is loaded already");
            board.Module.Library = board.Module.Library;
        }

        public static void McuThatStoresMoreThanItMayStopsTheMachine()
        {
            var path = Folder + "/queue.toml";
            File.WriteAllText(path, "[wire.wifi]\nmcu-queue = 100\n");
            var board = new Board(m => m.Scenario = path);
            board.Machine.Guest(1000000000, () =>
            {
                SpinWait.SpinUntil(() => board.Machine.IsStarted);
                board.Uart.Send(new string('x', 200));
            });
            Recoverable(() => board.Module.WaitFor("reply", "never", timeout: 100), "Something else stopped the machine at 1.0");
            True(Logger.Lines.Any(l => l.Contains("[ERROR]") && l.Contains("mcu-queue")), "no error: " + Log());
            True(Logger.Lines.Any(l => l.Contains("[WARNING]") && l.Contains("a quarter")), "no warning: " + Log());
        }

        public static void McuTxIsOneOfTwoWordsAndGoesBeforeTheScenario()
        {
            var path = Folder + "/wire.toml";
            File.WriteAllText(path, "[wire.wifi]\nmcu-tx = \"wire\"\n");
            var board = new Board(m => m.Scenario = path);
            Recoverable(() => board.Module.McuTx = "fast", "expected \"wire\" or \"as-stored\"");
            board.Module.McuTx = "as-stored";
            board.Machine.Guest(1000000000, () => board.Uart.Send("AT\r\n"));
            board.Run(1100);
            Equal(Second(1000000000 + 86806), First(board, " command AT"), "every byte ends one byte time after its store");
        }

        public static void CaptureIsCompleteWheneverTheMachineIsPaused()
        {
            var path = Folder + "/pause.pcapng";
            var board = Joining(m => { m.Capture = path; m.InputLog = Folder + "/pause.log"; });
            board.Run(5000);
            var paused = File.ReadAllBytes(path);
            True(Contains(paused, "WIFI GOT IP"), "the capture of " + paused.Length + " bytes lacks the join");
            True(File.ReadAllText(Folder + "/pause.log").Contains("attach"), "the log is empty");
            board.Module.Dispose();
            True(File.ReadAllBytes(path).Length >= paused.Length, "the capture has shrunk");
            Recoverable(() => new Board(m => m.Capture = Folder + "/no/where.pcapng"), "There is no folder");
            Recoverable(() => new Board(m => m.Capture = "run.pcapng"), "say which one you mean", "$CWD/run.pcapng");
        }

        public static void LibraryThatIsMissingOrAnotherVersionIsNamed()
        {
            Recoverable(() => new Board(m => m.Library = Folder + "/missing.so"), "There is no file", "missing.so");
            var text = Folder + "/text.so";
            File.WriteAllText(text, "not a library");
            Recoverable(() => new Board(m => m.Library = text).Run(1), "text.so, can't be used");
            Recoverable(() => new Board(m => m.Library = OtherLibrary).Run(1), "version 99", "EspAt.cs version 2",
                "one release");
        }

        public static void LibraryInUseIsTold()
        {
            var board = new Board();
            board.Run(1000);
            Equal("\r\nready\r\n", board.Uart.Received, "what the module says at its start");
            Console.WriteLine("library " + board.Module.Library);
        }

        // ---- no exception of ours ends Renode --------------------------------------------------------------------------

        public static void UartModelThatThrowsIsLoggedOnceAndSurvived()
        {
            var board = new Board();
            board.Uart.Broken = true;
            board.Run(1000);
            Equal(1, Logger.Lines.Count(l => l.Contains("[ERROR] the UART model has a bug")), "errors in the log: " + Log());
            board.Uart.Broken = false;
            board.Machine.Guest(board.Machine.Executed + 1, () => board.Uart.Send("AT\r\n"));
            board.Run(100);
            True(board.Uart.Received.EndsWith("\r\nOK\r\n"), "the module should answer: " + board.Uart.Received);
        }

        public static void DisposingCleansUpAndStaysQuiet()
        {
            var board = Joining();
            board.Run(1000);
            board.Module.Dispose();
            board.Module.Dispose();
            var before = board.Uart.Received;
            board.Machine.Guest(board.Machine.Executed + 1, () => board.Module.WriteChar(65));
            board.Machine.Guest(board.Machine.Executed + 2, () => board.Module.OnGPIO(0, false));
            var running = new Board();
            board.Machine.Guest(board.Machine.Executed + 3, board.Machine.Reset);
            Recoverable(() => board.Run(1000), "removed from the machine");
            Recoverable(() => board.Module.Console("status"), "removed from the machine");
            Equal(before, board.Uart.Received, "what the MCU receives after that");
            running.Run(1000);
            Equal("\r\nready\r\n", running.Uart.Received, "another module");
        }

        // ---- a device with Ethernet ------------------------------------------------------------------------------------

        public static void FrameOfADeviceReachesTheModuleAndTheAnswerComesAtItsTime()
        {
            var saved = new HashSet<string>();
            foreach(var save in new[] { false, true })
            {
                var board = Joining();
                var lan = new EspAtLan(board.Machine, board.Module);
                var answers = new List<ulong>();
                lan.FrameReady += frame =>
                {
                    True(board.Machine.OnCpuThread, "a frame races the CPU");
                    True(frame.Length >= 60, "a frame of " + frame.Length + " bytes");
                    // An ARP reply to the device.
                    if(frame.Bytes[1] == 0x55 && frame.Bytes[13] == 6 && frame.Bytes[21] == 2)
                    {
                        answers.Add(board.Machine.ElapsedVirtualTime.TimeElapsed.TotalNanoseconds);
                    }
                };
                board.Run(5000);
                board.Machine.Guest(5001000000, () => lan.ReceiveFrame(ArpRequest()));
                // The answer is on its way.
                board.Run(3);
                if(save)
                {
                    State.SaveAndLoad(new[] { board });
                }
                board.Run(100);
                Equal(1, answers.Count, "answers");
                // Over the cable and over the air, both ways.
                True(answers[0] > 5001000000 + 2 * 100000, "the answer came at " + answers[0]);
                saved.Add(answers[0] + " " + board.Module.Digest);
            }
            Equal(1, saved.Count, "ends of a run that was saved and one that was not: " + string.Join(", ", saved));
        }

        public static void SlipInTheNameOfAnAccessPointIsTold()
        {
            var board = Joining();
            new EspAtLan(board.Machine, board.Module, "hoem");
            Recoverable(() => board.Run(1), "did you mean `home`");
        }

        private static Antmicro.Renode.Network.EthernetFrame ArpRequest()
        {
            Antmicro.Renode.Network.EthernetFrame frame;
            Antmicro.Renode.Network.EthernetFrame.TryCreateEthernetFrame(new byte[]
            {
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0x55, 0, 0, 0, 1, 8, 6,
                0, 1, 8, 0, 6, 4, 0, 1, 2, 0x55, 0, 0, 0, 1, 192, 168, 1, 77, 0, 0, 0, 0, 0, 0, 192, 168, 1, 100
            }, true, out frame);
            return frame;
        }

        // ---- Save and Load ---------------------------------------------------------------------------------------------

        public static void RunThatWasSavedAndLoadedEndsAsTheRunThatWasNot()
        {
            var commands = new[] { "AT+CIPMUX=1", "AT+CIPSTART=0,\"TCP\",\"www.example.com\",80", "AT+GMR", "AT+CIPSTATE?" };
            var whole = Joining(null, commands);
            whole.Run(7000);
            True(whole.Uart.Received.Contains("+CIPSTATE:0"), "the dialogue is not whole:\n" + whole.Uart.Received);
            // Before power is on, in boot, as bytes come, in the middle of the join, with a link that is open.
            foreach(var at in new ulong[] { 0, 100, 403, 404, 2500, 4100, 6999 })
            {
                var board = Joining(null, commands);
                board.Run(at);
                State.SaveAndLoad(new[] { board });
                board.Run(7000 - at);
                Equal(whole.Uart.Received, board.Uart.Received, "what the MCU has received of a run that was saved at " + at + " ms");
                True(whole.Uart.Times.SequenceEqual(board.Uart.Times), "saved at " + at + " ms, bytes come at other times");
                Equal(whole.Module.Digest, board.Module.Digest, "the digest of a run that was saved at " + at + " ms");
            }
        }

        public static void WhatWasObservedBeforeASaveIsFoundAfterTheLoad()
        {
            var board = Joining();
            board.Run(5000);
            State.SaveAndLoad(new[] { board });
            Equal("ready", board.Module.WaitFor("reply", "ready", pause: false), "an observation from before the save");
            Equal("joined 'home' as 192.168.1.100", board.Module.WifiState, "the state");
        }

        public static void CaptureAfterALoadIsThatOfTheWholeRunAndTheFirstOneStays()
        {
            var names = new[] { "whole", "first", "second" }.Select(n => Folder + "/saved-" + n + ".pcapng").ToArray();
            var whole = Joining(m => m.Capture = names[0]);
            whole.Run(5000);
            whole.Module.Dispose();
            var board = Joining(m => m.Capture = names[1]);
            board.Run(3000);
            var before = File.ReadAllBytes(names[1]);
            State.SaveAndLoad(new[] { board });
            Equal("", board.Module.Capture, "the capture after a load");
            board.Module.Capture = names[2];
            board.Run(2000);
            board.Module.Dispose();
            True(File.ReadAllBytes(names[0]).SequenceEqual(File.ReadAllBytes(names[2])), "the capture is not that of the whole run");
            True(File.ReadAllBytes(names[1]).Take(before.Length).SequenceEqual(before), "the first capture was touched");
        }

        public static void SnapshotThatWasDamagedIsOneSentenceAndNothingIsLost()
        {
            var board = Joining();
            board.Run(3000);
            byte[] saved = null;
            var place = 0;
            State.SaveAndLoad(new[] { board }, snapshot =>
            {
                saved = snapshot;
                place = System.Text.Encoding.ASCII.GetString(saved).IndexOf("CWJAP", StringComparison.Ordinal);
                saved[place] = (byte)'X';
            });
            Recoverable(() => board.Run(1), "the text above was damaged");
            Recoverable(() => board.Module.Console("status"), "the text above was damaged");
            saved[place] = (byte)'C';
            board.Run(2000);
            Equal("joined 'home' as 192.168.1.100", board.Module.WifiState, "the state when the snapshot is whole again");
        }

        public static void MachinesOfAWorldGoOnAfterALoad()
        {
            var whole = new Pair();
            whole.Talk();
            whole.Run(500);
            var pair = new Pair();
            pair.Talk();
            State.SaveAndLoad(new[] { pair.Lamp, pair.Sensor });
            pair.Run(500);
            Equal(whole.World.Digest, pair.World.Digest, "the digest");
            pair.Sensor.Machine.Guest(pair.Sensor.Machine.Executed + 100, () => pair.Sensor.Uart.Send("AT+CIPSEND=5\r\n"));
            pair.Sensor.Machine.Guest(pair.Sensor.Machine.Executed + 9000100, () => pair.Sensor.Uart.Send("again"));
            pair.Run(500);
            True(pair.Lamp.Uart.Received.Contains("+IPD,0,5:again"), "the lamp heard:\n" + pair.Lamp.Uart.Received);
        }

        // ---- a world that several machines share -----------------------------------------------------------------------

        public static void MachinesOfAWorldTalkAndEachRunIsTheSame()
        {
            var digests = new HashSet<string>();
            var contents = new HashSet<string>();
            foreach(var quantum in new ulong[] { 100000, 100000, 37000 })
            {
                var pair = new Pair();
                pair.Bench.MasterTimeSource.Quantum = Antmicro.Renode.Time.TimeInterval.FromNanoseconds(quantum);
                pair.Talk();
                digests.Add(pair.World.Digest);
                contents.Add(pair.World.ContentDigest);
            }
            Equal(1, digests.Count, "digests of three runs, in which nobody's MCU thinks");
            Equal(1, contents.Count, "content digests");
        }

        public static void MachinesOfAWorldThatRunSideBySideSayTheSame()
        {
            var contents = new HashSet<string>();
            foreach(var serial in new[] { true, false, false })
            {
                var pair = new Pair();
                pair.Bench.MasterTimeSource.ExecuteInSerial = serial;
                pair.Talk();
                contents.Add(pair.World.ContentDigest);
            }
            Equal(1, contents.Count, "content digests of three runs");
        }

        public static void ByteFromAnotherMachineArrivesInTimeNotAQuantumLater()
        {
            var pair = new Pair();
            pair.Talk();
            var line = pair.World.Console("status");
            True(line.Contains("module lamp: attached") && line.Contains("module sensor: attached"), line);
            var last = pair.Lamp.Uart.Received.IndexOf("0,CONNECT\r\n") + 10;
            Equal(First(pair.Lamp, "lamp reply 0,CONNECT"), Second(pair.Lamp.Uart.Times[last]),
                "the library's time of the line and that of its last byte at the MCU");
        }

        public static void MachineThatIsResetLeavesTheOtherAlone()
        {
            var pair = new Pair();
            pair.Talk();
            pair.Sensor.Module.PowerCycleOnReset = true;
            pair.Sensor.Machine.Guest(pair.Sensor.Machine.Executed + 1000, pair.Sensor.Machine.Reset);
            pair.Run(100);
            Equal("booting", pair.Sensor.Module.WifiState, "the module whose power went");
            True(pair.Lamp.Module.WifiState.StartsWith("joined 'home'"), "the other is " + pair.Lamp.Module.WifiState);
        }

        public static void MachineThatIsRemovedHoldsNobodyBack()
        {
            var pair = new Pair();
            pair.Talk();
            pair.Sensor.Module.Dispose();
            pair.Sensor.Machine.Remove(pair.Sensor.Module);
            pair.Lamp.Machine.Guest(pair.Lamp.Machine.Executed + 1000, () => pair.Lamp.Uart.Send("AT+CWQAP\r\n"));
            pair.Run(1000);
            Equal("not joined", pair.Lamp.Module.WifiState, "the other, which was told to leave");
            Recoverable(() => pair.Sensor.Module.Console("status"), "removed from the machine");
        }

        public static void QuantumThatIsLongerThanTheLookaheadIsSetBack()
        {
            var pair = new Pair();
            pair.Bench.MasterTimeSource.Quantum = Antmicro.Renode.Time.TimeInterval.FromNanoseconds(5000000);
            pair.Run(1);
            Equal((ulong)100000, pair.Bench.MasterTimeSource.Quantum.TotalNanoseconds, "the quantum");
            Equal(1, Logger.Lines.Count(l => l.Contains("[WARNING] The quantum is set from 5000 us back to 100 us")), "warnings" + Log());
            // And where somebody sets it in mid-run: one quantum is too long then, and no more.
            pair.Lamp.Machine.Guest(2000000,
                () => pair.Bench.MasterTimeSource.Quantum = Antmicro.Renode.Time.TimeInterval.FromNanoseconds(5000000));
            pair.Talk();
        }

        public static void WorldMakesMachinesRunInSerialAndSaysSo()
        {
            var pair = new Pair();
            True(pair.Bench.MasterTimeSource.ExecuteInSerial, "they run in parallel");
            Equal(1, Logger.Lines.Count(l => l.Contains("[INFO] The machines of this emulation run one after the other")), "said" + Log());
            pair.Run(1);
            Equal(0, Logger.Lines.Count(l => l.Contains("run in parallel")), "warnings" + Log());
            pair.Bench.MasterTimeSource.ExecuteInSerial = false;
            pair.Run(1);
            True(Logger.Lines.Any(l => l.Contains("run in parallel")), "no warning" + Log());
        }

        public static void SlipsAboutAWorldSayWhatThereIs()
        {
            var pair = new Pair();
            Recoverable(() => pair.Lamp.Module.Seed = 3, "shares the world 'air'", "'air ...'");
            pair.World.Seed = 3;
            Equal((ulong)3, pair.Lamp.Module.Seed, "the seed that the module tells");
            Recoverable(() => new EspAt(pair.Lamp.Machine, null, "aire"), "There is no world 'aire' yet", "CreateEspAtWorld \"aire\"");
            Recoverable(() => pair.Bench.CreateEspAtWorld("air"), "already in use");
            Recoverable(() => pair.Bench.CreateEspAtWorld("water", "/nowhere.toml"), "There is no file");
            var nameless = new EspAt(pair.Lamp.Machine, null, "air");
            Recoverable(() => nameless.Console("status"), "has the modules lamp, sensor", "module: \"lamp\"");
            var stranger = new EspAt(pair.Lamp.Machine, null, "air", "door");
            Recoverable(() => stranger.Console("status"), "no module 'door'");
            Logger.Lines.Clear();
            pair.Run(1);
            Recoverable(() => pair.World.Scenario = "", "Too late");
            var second = new EspAt(pair.Lamp.Machine, null, "air", "lamp");
            Recoverable(() => second.Console("status"), "'lamp'", "driver already");
        }

        // Two boards in one network.
        private class Pair
        {
            public Pair()
            {
                var path = Folder + "/pair.toml";
                File.WriteAllText(path, "timing = \"fast\"\n[module.lamp]\n[module.sensor]\n[ap.home]\nssid = \"espat-sim\"\n"
                    + "password = \"correct horse\"\nsubnet = \"192.168.1.0/24\"\n");
                Bench = new Bench();
                EmulationManager.Instance.CurrentEmulation = Bench;
                Environment.SetEnvironmentVariable("ESPAT_SIM_LIBRARY", Library);
                Bench.CreateEspAtWorld("air", path);
                Bench.ExternalsManager.TryGetByName("air", out World);
                Lamp = new Board(Bench, "lamp");
                Sensor = new Board(Bench, "sensor");
            }

            // The lamp serves, the sensor comes and says hello.
            public void Talk()
            {
                var join = new[] { "ATE0", "AT+CWMODE=1", "AT+CWJAP=\"espat-sim\",\"correct horse\"" };
                Lamp.Dialogue(join.Concat(new[] { "AT+CIPMUX=1", "AT+CIPSERVER=1,8080" }).ToArray());
                Sensor.Dialogue(join);
                Run(2500);
                var address = Lamp.Module.WifiState.Split(' ').Last();
                True(Sensor.Module.WifiState.StartsWith("joined 'home' as"), "the sensor is " + Sensor.Module.WifiState);
                Sensor.Machine.Guest(Sensor.Machine.Executed + 12345,
                    () => Sensor.Uart.Send("AT+CIPSTART=\"TCP\",\"" + address + "\",8080\r\n"));
                Run(500);
                Sensor.Machine.Guest(Sensor.Machine.Executed + 54321, () => Sensor.Uart.Send("AT+CIPSEND=5\r\n"));
                Sensor.Machine.Guest(Sensor.Machine.Executed + 9054321, () => Sensor.Uart.Send("hello"));
                Run(500);
                True(Sensor.Uart.Received.EndsWith("SEND OK\r\n"), "the sensor heard:\n" + Sensor.Uart.Received);
                True(Lamp.Uart.Received.Contains("0,CONNECT\r\n\r\n+IPD,0,5:hello"), "the lamp heard:\n" + Lamp.Uart.Received);
            }

            public void Run(ulong milliseconds)
            {
                Bench.RunFor(milliseconds * 1000000);
                Lamp.StillAlive();
                Sensor.StillAlive();
                True(!Logger.Lines.Any(l => l.Contains("[ERROR]")), "errors:" + Log());
            }

            public readonly Bench Bench;
            public readonly EspAtWorld World;
            public readonly Board Lamp;
            public readonly Board Sensor;
        }

        // ---- what the tests are written with ---------------------------------------------------------------------------

        private static Board Joining(Action<EspAt> set = null, params string[] more)
        {
            var board = new Board(set);
            var lines = new List<string> { "ATE0", "AT+CWMODE=1", "AT+CWJAP=\"espat-sim\",\"correct horse\"" };
            lines.AddRange(more);
            board.Dialogue(lines.ToArray());
            return board;
        }

        // Beside a host that is told what to do.
        private static Board OnALan(params string[] more)
        {
            var path = Folder + "/lan.toml";
            File.WriteAllText(path, "timing = \"fast\"\n[ap.home]\nssid = \"espat-sim\"\npassword = \"correct horse\"\n"
                + "[host.pc]\naddress = \"192.168.1.20\"\ntcp-terminal = 23\nudp-terminal = 5000\n");
            return Joining(m => m.Scenario = path, more);
        }

        // Time of the first observation that ends so.
        private static string First(Board board, string ending)
        {
            var line = board.Module.Observations.Split('\n').FirstOrDefault(l => l.EndsWith(ending));
            if(line == null)
            {
                throw new Failure("nothing ends with '" + ending + "':\n" + board.Module.Observations);
            }
            return line.Split(' ')[0];
        }

        private static string Second(ulong nanoseconds)
        {
            return nanoseconds / 1000000000 + "." + (nanoseconds % 1000000000).ToString("D9");
        }

        private static ulong Nanoseconds(string seconds)
        {
            return ulong.Parse(seconds.Replace(".", ""));
        }

        private static bool Contains(byte[] bytes, string text)
        {
            return System.Text.Encoding.GetEncoding("iso-8859-1").GetString(bytes).Contains(text);
        }

        private static string Log()
        {
            return "\n  " + string.Join("\n  ", Logger.Lines);
        }

        private static void True(bool condition, string what)
        {
            if(!condition)
            {
                throw new Failure(what);
            }
        }

        private static void Equal<T>(T expected, T found, string what)
        {
            if(!object.Equals(expected, found))
            {
                throw new Failure(what + ": expected '" + expected + "', found '" + found + "'");
            }
        }

        // The Monitor survives a RecoverableException and nothing else.
        private static void Recoverable(Action action, params string[] words)
        {
            try
            {
                action();
            }
            catch(RecoverableException e)
            {
                foreach(var word in words)
                {
                    True(e.Message.Contains(word), "the error should say '" + word + "': " + e.Message);
                }
                return;
            }
            throw new Failure("an error with '" + string.Join("', '", words) + "' was expected, and nothing was wrong");
        }
    }
}
