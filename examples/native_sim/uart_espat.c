/*
 * Zephyr's side of the coupling: a UART driver (polling and interrupt-driven API) whose registers are the functions of
 * espat_native.h. Zephyr's ESP-AT driver and modem subsystem, or an application, use it as any other UART.
 */
#define DT_DRV_COMPAT espat_sim_uart

#include <errno.h>

#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/irq.h>
#if DT_INST_NODE_HAS_PROP(0, en_gpios)
#include <zephyr/drivers/gpio/gpio_emul.h>
#endif

#include "espat_native.h"

#define IRQ_PRIORITY 3

BUILD_ASSERT(DT_NUM_INST_STATUS_OKAY(DT_DRV_COMPAT) == 1, "one UART of a program has a module");

struct uart_espat_data {
	struct uart_config config;
	uart_irq_callback_user_data_t callback;
	void *user_data;
	bool receive_interrupt;
	bool transmit_interrupt;
};

static int uart_espat_poll_in(const struct device *dev, unsigned char *byte)
{
	ARG_UNUSED(dev);
	return espat_native_read(byte, 1) == 1 ? 0 : -1;
}

static void uart_espat_poll_out(const struct device *dev, unsigned char byte)
{
	ARG_UNUSED(dev);
	espat_native_store(byte);
}

static int uart_espat_err_check(const struct device *dev)
{
	uint32_t seen = espat_native_errors();

	ARG_UNUSED(dev);
	return (seen & ESPAT_NATIVE_OVERRUN ? UART_ERROR_OVERRUN : 0) | (seen & ESPAT_NATIVE_PARITY ? UART_ERROR_PARITY : 0) |
	       (seen & ESPAT_NATIVE_FRAMING ? UART_ERROR_FRAMING : 0) | (seen & ESPAT_NATIVE_BREAK ? UART_BREAK : 0);
}

static int uart_espat_set(const struct device *dev, const struct uart_config *config)
{
	struct uart_espat_data *data = dev->data;
	struct espat_native_line line = {.baud = config->baudrate};

	switch (config->parity) {
	case UART_CFG_PARITY_NONE:
		line.parity = 0;
		break;
	case UART_CFG_PARITY_ODD:
		line.parity = 1;
		break;
	case UART_CFG_PARITY_EVEN:
		line.parity = 2;
		break;
	default:
		return -ENOTSUP;
	}
	switch (config->stop_bits) {
	case UART_CFG_STOP_BITS_1:
		line.stop_bits = 0;
		break;
	case UART_CFG_STOP_BITS_1_5:
		line.stop_bits = 1;
		break;
	case UART_CFG_STOP_BITS_2:
		line.stop_bits = 2;
		break;
	default:
		return -ENOTSUP;
	}
	switch (config->data_bits) {
	case UART_CFG_DATA_BITS_5:
		line.data_bits = 5;
		break;
	case UART_CFG_DATA_BITS_6:
		line.data_bits = 6;
		break;
	case UART_CFG_DATA_BITS_7:
		line.data_bits = 7;
		break;
	case UART_CFG_DATA_BITS_8:
		line.data_bits = 8;
		break;
	default:
		return -ENOTSUP;
	}
	switch (config->flow_ctrl) {
	case UART_CFG_FLOW_CTRL_NONE:
		line.flow_control = false;
		break;
	case UART_CFG_FLOW_CTRL_RTS_CTS:
		line.flow_control = true;
		break;
	default:
		return -ENOTSUP;
	}
	if (!espat_native_configure(&line)) {
		return -ENOTSUP;
	}
	data->config = *config;
	return 0;
}

#ifdef CONFIG_UART_USE_RUNTIME_CONFIGURE
static int uart_espat_config_get(const struct device *dev, struct uart_config *config)
{
	const struct uart_espat_data *data = dev->data;

	*config = data->config;
	return 0;
}
#endif

#ifdef CONFIG_UART_INTERRUPT_DRIVEN
static int uart_espat_fifo_fill(const struct device *dev, const uint8_t *bytes, int count)
{
	ARG_UNUSED(dev);
	return (int)espat_native_fill(bytes, (size_t)count);
}

static int uart_espat_fifo_read(const struct device *dev, uint8_t *out, const int capacity)
{
	ARG_UNUSED(dev);
	return (int)espat_native_read(out, (size_t)capacity);
}

static void uart_espat_interrupts(const struct device *dev, bool receive, bool transmit)
{
	struct uart_espat_data *data = dev->data;

	data->receive_interrupt = receive;
	data->transmit_interrupt = transmit;
	espat_native_interrupts(receive, transmit);
}

static void uart_espat_irq_tx_enable(const struct device *dev)
{
	const struct uart_espat_data *data = dev->data;

	uart_espat_interrupts(dev, data->receive_interrupt, true);
}

static void uart_espat_irq_tx_disable(const struct device *dev)
{
	const struct uart_espat_data *data = dev->data;

	uart_espat_interrupts(dev, data->receive_interrupt, false);
}

static void uart_espat_irq_rx_enable(const struct device *dev)
{
	const struct uart_espat_data *data = dev->data;

	uart_espat_interrupts(dev, true, data->transmit_interrupt);
}

static void uart_espat_irq_rx_disable(const struct device *dev)
{
	const struct uart_espat_data *data = dev->data;

	uart_espat_interrupts(dev, false, data->transmit_interrupt);
}

static int uart_espat_irq_tx_ready(const struct device *dev)
{
	const struct uart_espat_data *data = dev->data;

	return data->transmit_interrupt ? (int)espat_native_writable() : 0;
}

static int uart_espat_irq_tx_complete(const struct device *dev)
{
	ARG_UNUSED(dev);
	return espat_native_sent();
}

static int uart_espat_irq_rx_ready(const struct device *dev)
{
	const struct uart_espat_data *data = dev->data;

	return data->receive_interrupt && espat_native_readable() > 0;
}

static int uart_espat_irq_is_pending(const struct device *dev)
{
	return uart_espat_irq_rx_ready(dev) || uart_espat_irq_tx_ready(dev) > 0;
}

static int uart_espat_irq_update(const struct device *dev)
{
	ARG_UNUSED(dev);
	return 1;
}

static void uart_espat_irq_callback_set(const struct device *dev, uart_irq_callback_user_data_t callback,
					void *user_data)
{
	struct uart_espat_data *data = dev->data;

	data->callback = callback;
	data->user_data = user_data;
}
#endif

static DEVICE_API(uart, uart_espat_api) = {
	.poll_in = uart_espat_poll_in,
	.poll_out = uart_espat_poll_out,
	.err_check = uart_espat_err_check,
#ifdef CONFIG_UART_USE_RUNTIME_CONFIGURE
	.configure = uart_espat_set,
	.config_get = uart_espat_config_get,
#endif
#ifdef CONFIG_UART_INTERRUPT_DRIVEN
	.fifo_fill = uart_espat_fifo_fill,
	.fifo_read = uart_espat_fifo_read,
	.irq_tx_enable = uart_espat_irq_tx_enable,
	.irq_tx_disable = uart_espat_irq_tx_disable,
	.irq_tx_ready = uart_espat_irq_tx_ready,
	.irq_tx_complete = uart_espat_irq_tx_complete,
	.irq_rx_enable = uart_espat_irq_rx_enable,
	.irq_rx_disable = uart_espat_irq_rx_disable,
	.irq_rx_ready = uart_espat_irq_rx_ready,
	.irq_is_pending = uart_espat_irq_is_pending,
	.irq_update = uart_espat_irq_update,
	.irq_callback_set = uart_espat_irq_callback_set,
#endif
};

static struct uart_espat_data uart_espat_data_0;

#ifdef CONFIG_UART_INTERRUPT_DRIVEN
static void uart_espat_isr(const void *argument)
{
	const struct device *dev = argument;
	const struct uart_espat_data *data = dev->data;

	if (data->callback != NULL) {
		data->callback(dev, data->user_data);
	}
}
#endif

#if DT_INST_NODE_HAS_PROP(0, en_gpios)
/* An emulated GPIO tells of each change of its outputs. While the pin is no output, the module's pull-up holds EN. */
static void uart_espat_en(const struct device *port, struct gpio_callback *callback, gpio_port_pins_t pins)
{
	const gpio_pin_t pin = DT_INST_GPIO_PIN(0, en_gpios);
	gpio_flags_t flags = 0;

	ARG_UNUSED(callback);
	ARG_UNUSED(pins);
	gpio_emul_flags_get(port, pin, &flags);
	espat_native_enable((flags & GPIO_OUTPUT) == 0 || gpio_emul_output_get(port, pin) == 1);
}

static int uart_espat_wire_en(void)
{
	static const struct gpio_dt_spec en = GPIO_DT_SPEC_INST_GET(0, en_gpios);
	static struct gpio_callback changed;

	if (!gpio_is_ready_dt(&en)) {
		return -ENODEV;
	}
	gpio_init_callback(&changed, uart_espat_en, BIT(en.pin));
	return gpio_add_callback_dt(&en, &changed);
}

/* Behind the GPIO. */
#define INIT_LEVEL POST_KERNEL
#else
#define INIT_LEVEL PRE_KERNEL_1
#endif

static int uart_espat_init(const struct device *dev)
{
	/* The binding's words stand in the order of Zephyr's values. */
	const struct uart_config config = {
		.baudrate = DT_INST_PROP(0, current_speed),
		.parity = DT_INST_ENUM_IDX_OR(0, parity, UART_CFG_PARITY_NONE),
		.stop_bits = DT_INST_ENUM_IDX_OR(0, stop_bits, UART_CFG_STOP_BITS_1),
		.data_bits = DT_INST_ENUM_IDX_OR(0, data_bits, UART_CFG_DATA_BITS_8),
		.flow_ctrl = DT_INST_PROP(0, hw_flow_control) ? UART_CFG_FLOW_CTRL_RTS_CTS : UART_CFG_FLOW_CTRL_NONE,
	};
	int error = uart_espat_set(dev, &config);

	if (error != 0) {
		return error;
	}
#ifdef CONFIG_UART_INTERRUPT_DRIVEN
	IRQ_CONNECT(ESPAT_NATIVE_IRQ, IRQ_PRIORITY, uart_espat_isr, DEVICE_DT_INST_GET(0), 0);
	irq_enable(ESPAT_NATIVE_IRQ);
#endif
#if DT_INST_NODE_HAS_PROP(0, en_gpios)
	error = uart_espat_wire_en();
#endif
	return error;
}

DEVICE_DT_INST_DEFINE(0, uart_espat_init, NULL, &uart_espat_data_0, NULL, INIT_LEVEL, CONFIG_SERIAL_INIT_PRIORITY,
		      &uart_espat_api);
